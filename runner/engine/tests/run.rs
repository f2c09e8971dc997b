//! Runs of small pipelines with the built-in plugins: what happens, and what is left.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use capstep_engine::{Cancel, Event, Outcome, RunSettings, TimedEvent};
use capstep_grants::plan::Variables;
use capstep_host::sandbox::CacheDirectories;
use capstep_pipeline::{Source, parse_pipeline};
use capstep_registry::Registry;
use capstep_secrets::SecretValue;

struct Run {
    outcome: Outcome,
    events: Vec<TimedEvent>,
    journal: String,
}

/// Where these tests keep compiled plugins: one folder for all of them.
fn cache() -> CacheDirectories {
    let name = format!("capstep-engine-test-cache-{}", std::process::id());
    CacheDirectories {
        system: None,
        user: std::env::temp_dir().join(name),
    }
}

async fn run(folder: &Path, text: &str, secrets: &[(&str, &str)]) -> Run {
    let state = tempfile::tempdir().unwrap();
    let source = Source::new("capstep.yml", text);
    let (pipeline, diagnostics) = parse_pipeline(&source);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let secrets = secrets
        .iter()
        .map(|(name, value)| ((*name).to_owned(), SecretValue::new(*value)))
        .collect();
    let settings = RunSettings {
        source: Arc::new(source),
        pipeline: Arc::new(pipeline.unwrap()),
        registry: Arc::new(Registry::new(folder)),
        cache: Some(cache()),
        variables: Variables::default(),
        secrets,
        workspace: folder.to_owned(),
        state: state.path().to_owned(),
        jobs: 2,
        only: Vec::new(),
    };
    let listener = move |event: &TimedEvent| heard.lock().unwrap().push(event.clone());
    let result = capstep_engine::run(settings, listener, Cancel::default())
        .await
        .unwrap();
    let journal = std::fs::read_to_string(result.folder.join("journal.jsonl")).unwrap();
    capstep_host::journal::verify(&journal).unwrap();
    let events = events.lock().unwrap().clone();
    Run {
        outcome: result.outcome,
        events,
        journal,
    }
}

fn said(run: &Run) -> Vec<String> {
    run.events
        .iter()
        .filter_map(|timed| match &timed.event {
            Event::Line { text, .. } => Some(text.clone()),
            Event::StepFinished {
                message: Some(message),
                ..
            } => Some(message.clone()),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_does_nothing_passes() {
    let folder = tempfile::tempdir().unwrap();
    let text = "version: 1\njobs:\n  a:\n    steps:\n      - uses: noop\n";
    let run = run(folder.path(), text, &[]).await;
    assert_eq!(run.outcome, Outcome::Passed, "{:?}", said(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_reach_the_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\
version: 1
secrets: [TOKEN]
jobs:
  a:
    steps:
      - uses: env-setup
        with:
          file: out/.env
          vars:
            PLAIN: one
            TOKEN: \"${{ secrets.TOKEN }}\"
            URL: \"x://${{ secrets.TOKEN }}@h\"
";
    let run = run(folder.path(), text, &[("TOKEN", "canary-4711 'quoted'")]).await;
    assert_eq!(run.outcome, Outcome::Passed, "{:?}", said(&run));
    let written = std::fs::read_to_string(folder.path().join("out/.env")).unwrap();
    assert!(written.contains("canary-4711"), "{written}");
    assert!(!run.journal.contains("canary-4711"));
    assert!(!format!("{:?}", run.events).contains("canary-4711"));
    assert!(
        run.journal.contains("\"secrets\":[\"TOKEN\"]"),
        "{}",
        run.journal
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_holds_back_what_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\
version: 1
jobs:
  a:
    steps:
      - uses: health-check
        with: { tcp: \"127.0.0.1:1\", every: 100ms, attempts: 1 }
      - uses: noop
      - uses: noop
        if: failure()
  b:
    needs: a
    steps: [ { uses: noop } ]
  c:
    needs: a
    if: always()
    steps: [ { uses: noop } ]
";
    let run = run(folder.path(), text, &[]).await;
    assert_eq!(run.outcome, Outcome::Failed, "{:?}", said(&run));
    let ran: Vec<String> = run
        .events
        .iter()
        .filter_map(|timed| match &timed.event {
            Event::StepStarted { at, .. } => Some(format!("{}.{}", at.job, at.step)),
            Event::JobSkipped { job, .. } => Some(format!("{job} skipped")),
            _ => None,
        })
        .collect();
    assert_eq!(ran, ["a.1", "a.3", "b skipped", "c.1"]);
}
