//! The journal: the record of effects, always on. One JSON line a record, each carrying the hash of the one before, so
//! that a line taken out or changed shows.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use capstep_grants::Place;
use capstep_grants::check::Denial;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::protocol::VerbError;

/// The version of the record's shape.
const RECORD_VERSION: u32 = 1;

/// What stands for the hash before the first record, and for the last one of a journal without records.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Which part of an effect a record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Before an effect that changes something; synced to disk. One without an outcome is an effect in doubt.
    Intent,
    /// After it.
    Outcome,
    /// After a call that only read.
    Read,
    /// A call, or a try, that a rule stopped.
    Denied,
    /// Something handed to a plugin directly, once: a mount.
    Granted,
}

/// Who did it.
#[derive(Debug, Clone, Serialize)]
pub struct Actor {
    /// The run.
    pub run: String,
    /// The job.
    pub job: String,
    /// The step's number in its job, from 1; none where it is the job itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Which try of the step.
    pub attempt: u32,
}

/// The grant that allowed it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GrantReference {
    /// The input's pointer: with job and step the grant's id, as the plan has it.
    pub pointer: String,
    /// What it designated, for people.
    pub authority: String,
    /// Where it was written.
    pub place: Place,
}

/// What happened.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Who.
    #[serde(flatten)]
    pub actor: Actor,
    /// The call's number in its step, or in its job where it is the job's; the two records of one effect share it.
    pub call: u64,
    /// Which part.
    pub phase: Phase,
    /// The verb: `files/write`.
    pub verb: String,
    /// Its arguments: pointers, names, sizes; never a secret's value, bytes by their digest.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub arguments: Value,
    /// What allowed it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<GrantReference>,
    /// The secrets used, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// What stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denial: Option<Denial>,
    /// What came of it: sizes, digests, exit codes.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub result: Value,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<VerbError>,
    /// How long it took.
    #[serde(rename = "duration-ms", skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

#[derive(Serialize)]
struct Record<'a> {
    version: u32,
    sequence: u64,
    time: String,
    #[serde(flatten)]
    entry: &'a Entry,
    prev: &'a str,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    sequence: u64,
    head: String,
}

impl Journal {
    /// Starts a journal in a new file, readable by its owner alone.
    ///
    /// # Errors
    /// The file is there already, or can't be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        Ok(Self {
            state: Mutex::new(State {
                file,
                sequence: 0,
                head: GENESIS.to_owned(),
            }),
        })
    }

    /// Appends a record; an intent is on the disk when this returns.
    ///
    /// # Errors
    /// The record could not be written: the effect must not happen.
    pub fn append(&self, entry: &Entry) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let record = Record {
            version: RECORD_VERSION,
            sequence: state.sequence,
            time: jiff::Timestamp::now().to_string(),
            entry,
            prev: &state.head,
        };
        let mut line = serde_json::to_vec(&record).map_err(io::Error::other)?;
        let head = hex(&Sha256::digest(&line));
        line.push(b'\n');
        state.file.write_all(&line)?;
        if entry.phase == Phase::Intent {
            state.file.sync_data()?;
        }
        state.sequence += 1;
        state.head = head;
        Ok(())
    }

    /// The hash of the last record: whoever has it can tell whether the file is whole.
    pub fn head(&self) -> String {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .head
            .clone()
    }

    /// How many records there are.
    pub fn len(&self) -> u64 {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .sequence
    }

    /// Whether nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Checks a journal's chain; gives the head hash.
///
/// # Errors
/// The number of the first line that doesn't fit.
pub fn verify(text: &str) -> Result<String, usize> {
    let mut head = GENESIS.to_owned();
    for (index, line) in text.lines().enumerate() {
        let record: Value = serde_json::from_str(line).map_err(|_| index + 1)?;
        if record.get("prev").and_then(Value::as_str) != Some(head.as_str()) {
            return Err(index + 1);
        }
        head = hex(&Sha256::digest(line.as_bytes()));
    }
    Ok(head)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(verb: &str, phase: Phase) -> Entry {
        Entry {
            actor: Actor {
                run: "r".into(),
                job: "j".into(),
                step: Some(1),
                attempt: 1,
            },
            call: 1,
            phase,
            verb: verb.to_owned(),
            arguments: Value::Null,
            grants: Vec::new(),
            secrets: Vec::new(),
            denial: None,
            result: Value::Null,
            error: None,
            duration_ms: None,
        }
    }

    #[test]
    fn a_changed_or_missing_line_shows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::create(&path).unwrap();
        for verb in ["a", "b", "c"] {
            journal.append(&entry(verb, Phase::Intent)).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(verify(&text), Ok(journal.head()));
        assert_eq!(
            verify(&text.replace("\"verb\":\"a\"", "\"verb\":\"x\"")),
            Err(2)
        );
        let without: String = text
            .lines()
            .enumerate()
            .filter(|(index, _)| *index != 1)
            .map(|(_, line)| format!("{line}\n"))
            .collect();
        assert_eq!(verify(&without), Err(2));
        assert!(
            Journal::create(&path).is_err(),
            "a journal is never begun over another"
        );
    }
}
