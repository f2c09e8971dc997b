//! What is known of an entry.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The version of the record.
const VERSION: u32 = 1;

/// What a job wants to have back, and keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    paths: Vec<String>,
    /// The key.
    pub key: String,
    /// Keys to begin with, where nothing is kept under the key itself; the first one that finds something.
    pub fallback_keys: Vec<String>,
}

impl Wanted {
    /// Paths in the workspace, none of which holds another one, and keys that are not empty.
    pub fn new(mut paths: Vec<String>, key: String, fallback_keys: Vec<String>) -> Self {
        paths.sort_unstable();
        paths.dedup();
        Self {
            paths,
            key,
            fallback_keys,
        }
    }

    /// The paths, in their order.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// The name of the entry of the key itself. Entries of other paths are others: what they hold has no place here.
    pub(crate) fn name(&self) -> String {
        name_of(&self.paths, &self.key)
    }
}

/// What is known of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    version: u32,
    /// What it was kept under.
    pub key: String,
    /// The paths that it is of, in their order.
    pub paths: Vec<String>,
    /// Those of them where something was.
    pub held: Vec<String>,
    /// The run that made it.
    pub run: String,
    /// When it was made.
    pub created: Timestamp,
    /// How many files, folders and links there are in it.
    pub files: u64,
    /// How many bytes the files have.
    pub bytes: u64,
    /// The size of the archive, in bytes.
    pub size: u64,
    /// The archive's digest.
    pub sha256: String,
}

/// How much is in an archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

/// An archive that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archive {
    /// The paths that it has something of.
    pub(crate) held: Vec<String>,
    pub(crate) amount: Amount,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

impl Entry {
    pub(crate) fn new(wanted: &Wanted, run: &str, archive: Archive) -> Self {
        Self {
            version: VERSION,
            key: wanted.key.clone(),
            paths: wanted.paths.clone(),
            held: archive.held,
            run: run.to_owned(),
            created: Timestamp::now(),
            files: archive.amount.files,
            bytes: archive.amount.bytes,
            size: archive.size,
            sha256: archive.sha256,
        }
    }

    /// The name that it goes by.
    pub(crate) fn name(&self) -> String {
        name_of(&self.paths, &self.key)
    }

    /// Reads a record; none where it is none, of another version, or of an entry that goes by another name.
    pub(crate) fn parse(record: &[u8], name: &str) -> Option<Self> {
        let entry: Self = serde_json::from_slice(record).ok()?;
        (entry.version == VERSION && entry.name() == name).then_some(entry)
    }
}

/// The name of the entry of these paths and this key.
fn name_of(paths: &[String], key: &str) -> String {
    let mut digest = Sha256::new();
    for text in paths.iter().map(String::as_str).chain([key]) {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    }
    hexadecimal(&digest.finalize())
}

/// Bytes as text.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(paths: &[&str], key: &str) -> Wanted {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Wanted::new(paths, key.to_owned(), Vec::new())
    }

    #[test]
    fn an_entry_is_of_its_paths_and_its_key() {
        let name = wanted(&["a", "b"], "k").name();
        assert_eq!(wanted(&["b", "a", "b"], "k").name(), name);
        for (paths, key) in [
            (&["a"][..], "k"),
            (&["a", "b"], "K"),
            (&["ab"], "k"),
            (&["a", "b", "k"], ""),
        ] {
            assert_ne!(wanted(paths, key).name(), name, "{paths:?} {key}");
        }
    }

    #[test]
    fn a_record_of_something_else_is_none() {
        let of = wanted(&["a"], "k");
        let archive = Archive {
            held: vec!["a".to_owned()],
            amount: Amount { files: 1, bytes: 2 },
            size: 3,
            sha256: "00".to_owned(),
        };
        let entry = Entry::new(&of, "run", archive);
        let text = serde_json::to_string(&entry).unwrap();
        let parse = |text: &str| Entry::parse(text.as_bytes(), &of.name());
        assert_eq!(parse(&text), Some(entry));
        assert_eq!(parse(&text.replace("\"k\"", "\"l\"")), None);
        assert_eq!(parse(&text.replace("\"version\":1", "\"version\":2")), None);
        assert_eq!(parse(&text.replace("{", "{\"more\":1,")), None);
        assert_eq!(parse(""), None);
    }
}
