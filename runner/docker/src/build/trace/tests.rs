use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::*;
use crate::context::{ContextSource, Open};

/// Events as lines of words between tabs; steps are numbered as they come.
fn written(events: &[BuildEvent]) -> String {
    let mut numbers = HashMap::new();
    let mut text = String::new();
    for event in events {
        let mut number = |id: &String| {
            let next = numbers.len() + 1;
            *numbers.entry(id.clone()).or_insert(next)
        };
        let line = match event {
            BuildEvent::Started { id, name, line } => {
                let line = line.map_or_else(|| "-".to_owned(), |line| line.to_string());
                format!("started\t{}\t{line}\t{name}", number(id))
            }
            BuildEvent::Log { id, bytes } => {
                let said = String::from_utf8_lossy(bytes);
                let said = serde_json::to_string(&said).unwrap();
                format!("log\t{}\t{said}", number(id))
            }
            BuildEvent::Finished { id, cached, error } => {
                let how = match (error, cached) {
                    (Some(_), _) => "failed",
                    (None, true) => "cached",
                    (None, false) => "done",
                };
                format!("finished\t{}\t{how}", number(id))
            }
            // How far something is depends on the moment, and nothing that is told of it.
            BuildEvent::Progressed { .. } => continue,
            BuildEvent::CacheMissing { image, why } => format!("missing\t{image}\t{why}"),
            BuildEvent::Warning { message, line } => format!("warning\t{line:?}\t{message}"),
        };
        writeln!(text, "{line}").unwrap();
    }
    text
}

/// Docker Engine 20.10.24 built `parallel.Dockerfile`; its lines were recorded between it and its own command line.
#[test]
fn a_recorded_build_has_the_steps_of_its_dockerfile() {
    let recorded = include_str!("../../../tests/traces/parallel.jsonl");
    let dockerfile = Dockerfile::parse(include_str!("../../../tests/traces/parallel.Dockerfile"));
    let expected = include_str!("../../../tests/traces/parallel.events");
    let dir = tempfile::tempdir().unwrap();
    let folder = Dir::open_ambient_dir(dir.path(), ambient_authority()).unwrap();
    let source = ContextSource::new(Arc::new(folder), Arc::new(Open));
    let request = BuildRequest::new(source, "recorded");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    let listener: BuildListener = Arc::new(move |event| into.lock().unwrap().push(event));
    let mut trace = Trace::new(&request, &dockerfile, &listener);
    for line in recorded.lines() {
        let message: Message = serde_json::from_str(line).unwrap();
        trace.take(&message).unwrap();
    }
    assert!(trace.finish().unwrap().starts_with("sha256:"));
    let written = written(&heard.lock().unwrap());
    assert_eq!(written, expected, "\n{written}");
}
