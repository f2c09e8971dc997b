//! Memory of the files that were written with secrets in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the JSON that [`SealedRegistry::to_json`] writes.
const VERSION: u64 = 1;

/// Length of a keyed digest in hex digits.
const DIGEST_DIGITS: usize = 64;

/// A file that holds secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedFile {
    /// [`keyed_digest`](crate::keyed_digest) of the file's bytes.
    pub digest: String,
    /// The file's text with the names of secrets in the place of their values: what a reader without a claim gets.
    pub template: String,
    /// The names of the secrets in it.
    pub names: Vec<String>,
    /// The file's bytes: a file of another size is no copy of it, and needs no reading. Absent in what older versions
    /// remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Where in it the secrets stand, so that a run that was not given them can mask them all the same. Absent in what
    /// older versions remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

/// The entries of a file of named values that are secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The format that the file was written in.
    pub format: String,
    /// The names of the secrets in an entry, by the entry's name.
    pub entries: BTreeMap<String, Vec<String>>,
}

/// The sealed files of one workspace, by their paths relative to it.
///
/// Paths are compared after `.`, `..` and repeated slashes are resolved as text; whoever asks about a symbolic link
/// resolves it first. It holds no secret, but says where secrets are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedRegistry {
    workspace: String,
    files: BTreeMap<String, SealedFile>,
}

/// What is wrong with an entry or with a stored registry.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// The path is empty, absolute, or leads out of the workspace.
    #[error("`{0}` is not a path inside the workspace")]
    Path(String),
    /// The digest is not 64 lower-case hex digits.
    #[error("the digest of `{0}` is not 64 lower-case hex digits")]
    Digest(String),
    /// The stored text is not what [`SealedRegistry::to_json`] writes.
    #[error("the registry of sealed files is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// The stored text names a path twice, in two spellings.
    #[error("the registry of sealed files is damaged: `{0}` is listed twice")]
    Twice(String),
    /// The stored text is of another version.
    #[error("the registry of sealed files has version {0}, this program reads {VERSION}")]
    Version(u64),
}

/// The version alone, so that a newer file is told from a damaged one.
#[derive(Deserialize)]
struct Head {
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u64,
    workspace: String,
    files: BTreeMap<String, SealedFile>,
}

impl SealedRegistry {
    /// Of the workspace at this path, without any.
    pub fn of(workspace: &str) -> Self {
        Self {
            workspace: workspace.to_owned(),
            ..Self::default()
        }
    }

    /// The workspace's path.
    pub fn workspace(&self) -> &str {
        &self.workspace
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether the file at `path` is sealed. A path that leads out of the workspace is not.
    pub fn is_sealed(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// The sealed file at `path`.
    pub fn get(&self, path: &str) -> Option<&SealedFile> {
        self.files.get(&normal(path)?)
    }

    /// The path and the entry of a sealed file with this digest: a copy of it under another name is as secret. Of
    /// several, the first by path.
    pub fn by_digest(&self, digest: &str) -> Option<(&str, &SealedFile)> {
        self.iter().find(|(_, file)| file.digest == digest)
    }

    /// Whether a file of this size can be a copy of one of them.
    pub fn may_have_size(&self, size: u64) -> bool {
        self.files
            .values()
            .any(|file| file.size.is_none_or(|known| known == size))
    }

    /// All of them by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SealedFile)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// Remembers the file at `path`, in the place of what was remembered of it.
    ///
    /// # Errors
    /// [`SealedError::Path`] and [`SealedError::Digest`].
    pub fn remember(&mut self, path: &str, file: SealedFile) -> Result<(), SealedError> {
        let (path, file) = checked(path, file)?;
        self.files.insert(path, file);
        Ok(())
    }

    /// Forgets the file at `path` and returns what was remembered.
    pub fn forget(&mut self, path: &str) -> Option<SealedFile> {
        self.files.remove(&normal(path)?)
    }

    /// The registry as JSON text, the same text for the same entries.
    ///
    /// # Errors
    /// [`SealedError::Damaged`] if serialising fails, which it does for no entry that can be remembered.
    pub fn to_json(&self) -> Result<String, SealedError> {
        let stored = Stored {
            version: VERSION,
            workspace: self.workspace.clone(),
            files: self.files.clone(),
        };
        Ok(serde_json::to_string_pretty(&stored)?)
    }

    /// Reads what [`SealedRegistry::to_json`] wrote. A registry that can't be read must not be taken for an empty
    /// one: its files would be unsealed.
    ///
    /// # Errors
    /// [`SealedError`]: damaged, of another version, or with an entry that could not have been remembered.
    pub fn from_json(text: &str) -> Result<Self, SealedError> {
        let head: Head = serde_json::from_str(text)?;
        if head.version != VERSION {
            return Err(SealedError::Version(head.version));
        }
        let stored: Stored = serde_json::from_str(text)?;
        let mut files = BTreeMap::new();
        for (path, file) in stored.files {
            let (path, file) = checked(&path, file)?;
            if files.contains_key(&path) {
                return Err(SealedError::Twice(path));
            }
            files.insert(path, file);
        }
        Ok(Self {
            workspace: stored.workspace,
            files,
        })
    }
}

fn checked(path: &str, file: SealedFile) -> Result<(String, SealedFile), SealedError> {
    let path = normal(path).ok_or_else(|| SealedError::Path(path.to_owned()))?;
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if file.digest.len() != DIGEST_DIGITS || !file.digest.bytes().all(digit) {
        return Err(SealedError::Digest(path));
    }
    Ok((path, file))
}

/// `path` without `.`, `..` and empty parts, or nothing if that leaves nothing or leads upward.
fn normal(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\0') {
        return None;
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(digit: char) -> SealedFile {
        SealedFile {
            digest: digit.to_string().repeat(64),
            template: "KEY={KEY}\n".to_owned(),
            names: vec!["KEY".to_owned()],
            size: Some(7),
            held: Some(Held {
                format: "compose".to_owned(),
                entries: BTreeMap::from([("KEY".to_owned(), vec!["KEY".to_owned()])]),
            }),
        }
    }

    #[test]
    fn paths() {
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(normal(path).as_deref(), expected, "{path}");
        };
        check(".env", Some(".env"));
        check("./a//b/../.env", Some("a/.env"));
        check("a/..", None);
        check("../.env", None);
        check("a/../../b", None);
        check("/etc/passwd", None);
        check("", None);
    }

    #[test]
    fn remembering_and_forgetting() {
        let mut registry = SealedRegistry::default();
        registry.remember("app/.env", file('a')).unwrap();
        registry.remember("./app/.env", file('b')).unwrap();
        assert!(registry.is_sealed("app/./.env") && !registry.is_sealed(".env"));
        assert!(registry.by_digest(&"a".repeat(64)).is_none());
        assert_eq!(registry.by_digest(&"b".repeat(64)).unwrap().0, "app/.env");
        assert_eq!(
            SealedRegistry::from_json(&registry.to_json().unwrap()).unwrap(),
            registry
        );
        assert_eq!(registry.forget("app/.env"), Some(file('b')));
        assert_eq!(registry.forget("app/.env"), None);
        assert_eq!(registry, SealedRegistry::default());
    }

    #[test]
    fn sizes_of_copies() {
        let mut registry = SealedRegistry::default();
        assert!(!registry.may_have_size(7));
        registry.remember(".env", file('a')).unwrap();
        assert!(registry.may_have_size(7) && !registry.may_have_size(8));
        // What an older version remembered may have any.
        let text = registry
            .to_json()
            .unwrap()
            .replace("\"size\": 7", "\"size\": null");
        let older = SealedRegistry::from_json(&text).unwrap();
        assert!(older.may_have_size(8));
        assert!(!older.to_json().unwrap().contains("size"));
    }

    #[test]
    fn refused_entries() {
        let mut registry = SealedRegistry::default();
        let outside = registry.remember("../x", file('a')).unwrap_err();
        assert_eq!(
            outside.to_string(),
            "`../x` is not a path inside the workspace"
        );
        assert!(matches!(
            registry.remember("x", file('g')),
            Err(SealedError::Digest(_))
        ));
        assert!(matches!(
            registry.remember("x", file('A')),
            Err(SealedError::Digest(_))
        ));
    }

    #[test]
    fn damaged_files() {
        let check = |text: &str, expected: &str| {
            let error = SealedRegistry::from_json(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("", "damaged");
        check("{\"version\":1,\"files\":{", "damaged");
        check("{\"version\":1}", "damaged");
        check(
            "{\"version\":1,\"workspace\":\"/w\",\"files\":{},\"more\":1}",
            "damaged",
        );
        check(
            "{\"version\":2,\"other\":{}}",
            "has version 2, this program reads 1",
        );
        check("[]", "damaged");
        let entry = serde_json::to_string(&file('a')).unwrap();
        check(
            &format!("{{\"version\":1,\"workspace\":\"/w\",\"files\":{{\"/x\":{entry}}}}}"),
            "not a path",
        );
        check(
            &format!(
                "{{\"version\":1,\"workspace\":\"/w\",\"files\":{{\"x\":{entry},\"./x\":{entry}}}}}"
            ),
            "twice",
        );
    }
}
