//! Journals: read, checked, and held against the plan.
//!
//! - `planned`: that whatever was done was planned; `verbs`: what each verb must have been granted; `caches`: what jobs do
//!   themselves; `shown`: what was designated, in the journal's words.

mod caches;
mod planned;
mod shown;
mod verbs;

use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub use planned::{assert_planned, unplanned};

/// One record.
#[derive(Debug, Clone)]
pub struct Record(pub Value);

impl Record {
    pub fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_default()
    }

    pub fn verb(&self) -> &str {
        self.text("verb")
    }

    pub fn phase(&self) -> &str {
        self.text("phase")
    }

    pub fn rule(&self) -> Option<&str> {
        self.0["denial"]["rule"].as_str()
    }
}

/// Reads a journal and checks its chain, by its description and not by the program's own code.
#[track_caller]
pub fn read(path: &Path) -> Vec<Record> {
    records(&fs::read_to_string(path).unwrap())
}

/// Reads the journal of a run that was killed: its last line may have been cut, all before it are whole.
#[track_caller]
pub fn read_killed(path: &Path) -> Vec<Record> {
    let text = fs::read_to_string(path).unwrap();
    records(&text[..text.rfind('\n').map_or(0, |end| end + 1)])
}

#[track_caller]
fn records(text: &str) -> Vec<Record> {
    let mut head = "0".repeat(64);
    for (index, line) in text.lines().enumerate() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            record["prev"],
            head.as_str(),
            "the journal's chain breaks at line {}:\n{text}",
            index + 1
        );
        assert_eq!(
            record["sequence"],
            index,
            "a record is missing before line {}:\n{text}",
            index + 1
        );
        head = Sha256::digest(line.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
    }
    text.lines()
        .map(|line| Record(serde_json::from_str(line).unwrap()))
        .collect()
}
