//! One run's folder: its record, its state, its files.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::lines::{self, EventLine};
use crate::event::Outcome;

/// What `run.json` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunRecord {
    /// The version of this shape.
    pub version: u32,
    /// The run's id.
    pub run: String,
    /// The pipeline's file, as it was named.
    pub pipeline: String,
    /// SHA-256 of the pipeline's text.
    pub digest: String,
    /// The project's key; runs of before there was this field have none.
    #[serde(default)]
    pub project: Option<String>,
    /// Whether what was run was trusted; runs of before there was this field were.
    #[serde(default = "trusted")]
    pub trusted: bool,
    /// The pipeline's folder.
    pub workspace: String,
    /// RFC 3339, UTC.
    pub started: String,
    /// None while the run lives, or where it was killed.
    pub finished: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The exit code.
    pub exit_code: Option<u8>,
    /// The hash of the journal's last record.
    pub journal_head: Option<String>,
}

fn trusted() -> bool {
    true
}

impl RunRecord {
    /// How long it took, in milliseconds, where both times are known.
    pub fn milliseconds(&self) -> Option<u64> {
        let started: jiff::Timestamp = self.started.parse().ok()?;
        let finished: jiff::Timestamp = self.finished.as_ref()?.parse().ok()?;
        let taken = finished.as_millisecond() - started.as_millisecond();
        u64::try_from(taken).ok()
    }
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Somebody holds its lock.
    Running,
    /// It has ended and said how.
    Finished,
    /// It never said how it ended, and nobody holds its lock: it was killed, or the machine stopped.
    CutShort,
}

/// A run's folder.
#[derive(Debug, Clone)]
pub struct PastRun {
    /// The run's id.
    pub id: String,
    /// Its folder.
    pub path: PathBuf,
    /// What `run.json` says; none where it isn't there or can't be read.
    pub record: Option<RunRecord>,
    /// How it stands.
    pub state: RunState,
}

impl PastRun {
    /// Reads a run's folder.
    pub(super) fn read(id: String, path: PathBuf) -> Self {
        let text = fs::read(path.join("run.json")).ok();
        let record: Option<RunRecord> =
            text.and_then(|text| serde_json::from_slice(text.as_slice()).ok());
        let finished = record
            .as_ref()
            .is_some_and(|record| record.finished.is_some());
        let state = if is_held(&path.join("lock")) {
            RunState::Running
        } else if finished {
            RunState::Finished
        } else {
            RunState::CutShort
        };
        Self {
            id,
            path,
            record,
            state,
        }
    }

    /// Whether it is a run of this project: by its key, for older runs by its folder.
    pub fn is_of(&self, key: &str, workspace: &Path) -> bool {
        self.record
            .as_ref()
            .is_some_and(|record| match &record.project {
                Some(project) => project == key,
                None => Path::new(&record.workspace) == workspace,
            })
    }

    /// Hands on every event, in order. Lines that can't be read are left out: a killed run's last one is half a line.
    ///
    /// # Errors
    /// The file can't be read. One that isn't there holds no events.
    pub fn events(&self, heard: impl FnMut(EventLine)) -> io::Result<()> {
        lines::read(&self.path.join("events.jsonl"), |_| true, heard)
    }

    /// As [`PastRun::events`], but only of these kinds: much faster where logs are long.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn events_of(&self, kinds: &[&str], heard: impl FnMut(EventLine)) -> io::Result<()> {
        let marks: Vec<String> = kinds
            .iter()
            .map(|kind| format!("\"event\":\"{kind}\""))
            .collect();
        let wanted = |line: &str| marks.iter().any(|mark| line.contains(mark.as_str()));
        lines::read(&self.path.join("events.jsonl"), wanted, heard)
    }

    /// The journal's bytes; none where there is no journal.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn journal(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path.join("journal.jsonl")) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether another program holds this lock. Looking takes it for a moment, shared with others who look.
pub(crate) fn is_held(lock: &Path) -> bool {
    let Ok(file) = File::open(lock) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_a_living_run() {
        let folder = tempfile::tempdir().unwrap();
        let check = |expected| {
            let run = PastRun::read("r".to_owned(), folder.path().to_owned());
            assert_eq!(run.state, expected);
        };
        check(RunState::CutShort);
        let lock = File::create(folder.path().join("lock")).unwrap();
        lock.lock().unwrap();
        check(RunState::Running);
        drop(lock);
        check(RunState::CutShort);
        let record = r#"{"version":1,"run":"r","pipeline":"p","digest":"d","workspace":"/w",
            "started":"2026-11-21T11:02:03Z","finished":"2026-11-21T11:02:05.5Z","outcome":"denied",
            "exit-code":3,"journal-head":null}"#;
        fs::write(folder.path().join("run.json"), record).unwrap();
        check(RunState::Finished);
        let run = PastRun::read("r".to_owned(), folder.path().to_owned());
        let record = run.record.clone().unwrap();
        assert_eq!(record.milliseconds(), Some(2_500));
        assert_eq!(record.outcome, Some(Outcome::Denied));
        assert!(run.is_of("any", Path::new("/w")) && !run.is_of("any", Path::new("/x")));
    }
}
