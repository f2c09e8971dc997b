//! `events.jsonl`, line by line.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::event::{Level, Outcome};

/// One event as it was written: the fields of all kinds, those that the kind doesn't have left empty.
///
/// The kinds are those of [`crate::Event`]; a file of another version may have others.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EventLine {
    /// RFC 3339, UTC.
    #[serde(default)]
    pub time: String,
    /// The kind: `step-started`.
    pub event: String,
    /// The job's id.
    #[serde(default)]
    pub job: String,
    /// The step's number in its job, from 1; 0 where the event is not a step's.
    #[serde(default)]
    pub step: usize,
    /// What the step is called.
    #[serde(default)]
    pub name: Option<String>,
    /// What it uses.
    #[serde(default)]
    pub uses: Option<String>,
    /// Where the pipeline has the step: file, line, column.
    #[serde(default)]
    pub place: Option<Value>,
    /// Which try.
    #[serde(default)]
    pub attempt: Option<u32>,
    /// How much a line matters.
    #[serde(default)]
    pub level: Option<Level>,
    /// A line's text.
    #[serde(default)]
    pub text: Option<String>,
    /// A group's title.
    #[serde(default)]
    pub title: Option<String>,
    /// Why something was skipped.
    #[serde(default)]
    pub reason: Option<String>,
    /// The jobs of a run that begins.
    #[serde(default)]
    pub jobs: Vec<String>,
    /// The run that something was taken from.
    #[serde(default)]
    pub run: Option<String>,
    /// How something ended.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// Whether what it is part of goes on as if it had passed.
    #[serde(default)]
    pub continues: bool,
    /// The environment that a job deployed to.
    #[serde(default)]
    pub environment: Option<String>,
    /// Where a deployment can be seen.
    #[serde(default)]
    pub url: Option<String>,
    /// Why it did not pass; what an annotation says.
    #[serde(default)]
    pub message: Option<String>,
    /// The file that an annotation is about.
    #[serde(default)]
    pub file: Option<String>,
    /// Its line.
    #[serde(default)]
    pub line: Option<u32>,
    /// More about a failure.
    #[serde(default)]
    pub details: Value,
    /// The outputs.
    #[serde(default)]
    pub outputs: Value,
    /// How long it took.
    #[serde(default)]
    pub milliseconds: Option<u64>,
    /// What was denied.
    #[serde(default)]
    pub denial: Option<Value>,
}

/// Reads the file; a file that isn't there has no lines.
pub(super) fn read(
    path: &Path,
    wanted: impl Fn(&str) -> bool,
    mut heard: impl FnMut(EventLine),
) -> io::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            continue;
        };
        if wanted(text)
            && let Ok(event) = serde_json::from_str(text)
        {
            heard(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let kinds = |path: &Path| {
            let mut kinds = Vec::new();
            read(path, |_| true, |line| kinds.push(line.event)).unwrap();
            kinds
        };
        assert!(kinds(&path).is_empty());
        let text = concat!(
            r#"{"time":"t","event":"step-started","job":"a","step":1,"name":"n","uses":"u","attempt":1}"#,
            "\n",
            r#"{"time":"t","event":"of-a-later-version","what":[1]}"#,
            "\n\u{0}\n",
            r#"{"time":"t","event":"step-fin"#,
        );
        std::fs::write(&path, text).unwrap();
        assert_eq!(kinds(&path), ["step-started", "of-a-later-version"]);
    }
}
