//! Small values that last between runs: one file for each environment of a project, read and replaced under a lock.
//!
//! Nothing is kept in memory: another run of the project may change the file at any time.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The version of the file.
const VERSION: u32 = 1;

/// The longest value, in bytes: these are digests, names and small records, not files.
pub(crate) const MAX_VALUE: usize = 64 * 1024;

/// The longest name of a value, in bytes.
pub(crate) const MAX_NAME: usize = 128;

/// The largest file, in bytes: it is read and written whole for each call.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Why a value can't be had or kept.
#[derive(Debug, Error)]
pub enum KeptValuesError {
    /// The file can't be read or written.
    #[error("the project's values can't be used: {path}: {error}")]
    Io {
        /// The file, or its lock.
        path: PathBuf,
        /// The reason.
        #[source]
        error: io::Error,
    },
    /// The file is none, or of a newer version. It is left as it is.
    #[error("the project's values are damaged: {path}: {message}; remove the file to begin anew")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// With that value the file would be too large.
    #[error("the project's values would need more than 4 MiB; remove some first")]
    Full,
}

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    /// The environment, for people who look at the file.
    environment: Option<String>,
    /// Values by their names, by the state that they are of.
    states: BTreeMap<String, BTreeMap<String, String>>,
}

/// The values of one environment of a project, or of its jobs without one.
#[derive(Debug)]
pub struct KeptValues {
    path: PathBuf,
    environment: Option<String>,
}

impl KeptValues {
    /// Values that are kept in this file, beside which a lock is made. Nothing is there before the first is set.
    pub fn new(path: PathBuf, environment: Option<String>) -> Self {
        Self { path, environment }
    }

    /// The value of a name.
    pub(crate) fn get(&self, state: &str, name: &str) -> Result<Option<String>, KeptValuesError> {
        Ok(self.values(state)?.remove(name))
    }

    /// All names, in their order.
    pub(crate) fn names(&self, state: &str) -> Result<Vec<String>, KeptValuesError> {
        Ok(self.values(state)?.into_keys().collect())
    }

    /// Sets a value, or removes it. Gives whether that changed anything.
    pub(crate) fn set(
        &self,
        state: &str,
        name: &str,
        value: Option<&str>,
    ) -> Result<bool, KeptValuesError> {
        let _lock = self.locked()?;
        let mut kept = self.read()?;
        let values = kept.states.entry(state.to_owned()).or_default();
        if values.get(name).map(String::as_str) == value {
            return Ok(false);
        }
        match value {
            Some(value) => values.insert(name.to_owned(), value.to_owned()),
            None => values.remove(name),
        };
        kept.states.retain(|_, values| !values.is_empty());
        self.write(&kept)?;
        Ok(true)
    }

    fn values(&self, state: &str) -> Result<BTreeMap<String, String>, KeptValuesError> {
        // Whole or not at all: it is replaced by rename, so that reading needs no lock.
        Ok(self.read()?.states.remove(state).unwrap_or_default())
    }

    fn read(&self) -> Result<Kept, KeptValuesError> {
        let mut bytes = Vec::new();
        match File::open(&self.path) {
            Ok(file) => {
                let limited = file.take(MAX_FILE + 1).read_to_end(&mut bytes);
                limited.map_err(|error| self.io(&self.path, error))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Kept {
                    version: VERSION,
                    environment: self.environment.clone(),
                    states: BTreeMap::new(),
                });
            }
            Err(error) => return Err(self.io(&self.path, error)),
        }
        let damaged = |message: String| KeptValuesError::Damaged {
            path: self.path.clone(),
            message,
        };
        let kept: Kept =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if kept.version != VERSION {
            return Err(damaged(format!("its version is {}", kept.version)));
        }
        Ok(kept)
    }

    fn write(&self, kept: &Kept) -> Result<(), KeptValuesError> {
        let io = |error| self.io(&self.path, error);
        let mut text =
            serde_json::to_vec_pretty(kept).map_err(|error| io(io::Error::from(error)))?;
        text.push(b'\n');
        if text.len() as u64 > MAX_FILE {
            return Err(KeptValuesError::Full);
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
        file.write_all(&text).map_err(io)?;
        // What a step was told is kept must be there after a crash.
        file.as_file().sync_all().map_err(io)?;
        file.persist(&self.path).map_err(|error| io(error.error))?;
        Ok(())
    }

    fn locked(&self) -> Result<File, KeptValuesError> {
        let path = self.path.with_extension("lock");
        let io = |error| self.io(&path, error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        file.lock().map_err(io)?;
        Ok(file)
    }

    fn io(&self, path: &Path, error: io::Error) -> KeptValuesError {
        KeptValuesError::Io {
            path: path.to_owned(),
            error,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn kept(folder: &Path) -> KeptValues {
        KeptValues::new(
            folder.join("values/production.json"),
            Some("production".to_owned()),
        )
    }

    #[test]
    fn values_last() {
        let folder = tempfile::tempdir().unwrap();
        let values = kept(folder.path());
        assert_eq!(values.get("images", "web").unwrap(), None);
        assert_eq!(values.names("images").unwrap(), Vec::<String>::new());
        assert!(values.set("images", "web", Some("sha256:1")).unwrap());
        assert!(!values.set("images", "web", Some("sha256:1")).unwrap());
        assert!(values.set("images", "app", Some("")).unwrap());
        assert!(values.set("other", "web", Some("x")).unwrap());
        let again = kept(folder.path());
        assert_eq!(
            again.get("images", "web").unwrap().as_deref(),
            Some("sha256:1")
        );
        assert_eq!(again.names("images").unwrap(), ["app", "web"]);
        assert!(again.set("images", "web", None).unwrap());
        assert!(!again.set("images", "web", None).unwrap());
        assert_eq!(values.names("images").unwrap(), ["app"]);
        assert_eq!(values.get("other", "web").unwrap().as_deref(), Some("x"));
    }

    #[test]
    fn nothing_is_lost_where_many_write() {
        let folder = tempfile::tempdir().unwrap();
        let values = Arc::new(kept(folder.path()));
        let writers = (0..8).map(|writer| {
            let values = Arc::clone(&values);
            std::thread::spawn(move || {
                for turn in 0..10 {
                    values
                        .set("s", &format!("{writer}-{turn}"), Some("x"))
                        .unwrap();
                }
            })
        });
        writers
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        assert_eq!(values.names("s").unwrap().len(), 80);
    }

    #[test]
    fn a_file_that_is_none_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let values = kept(folder.path());
        values.set("s", "n", Some("x")).unwrap();
        for (text, expected) in [
            ("{", "EOF while parsing"),
            (
                "{\"version\": 2, \"environment\": null, \"states\": {}}",
                "its version is 2",
            ),
            ("[]", "invalid length"),
        ] {
            fs::write(&values.path, text).unwrap();
            for error in [
                values.get("s", "n").unwrap_err(),
                values.set("s", "n", Some("y")).unwrap_err(),
            ] {
                assert!(error.to_string().contains(expected), "{error}");
            }
            assert_eq!(fs::read_to_string(&values.path).unwrap(), text);
        }
    }

    #[test]
    fn there_is_an_end_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let values = kept(folder.path());
        let large = "x".repeat(MAX_VALUE);
        let refused =
            (0..80).find_map(|number| values.set("s", &number.to_string(), Some(&large)).err());
        assert!(
            matches!(refused, Some(KeptValuesError::Full)),
            "{refused:?}"
        );
        let names = values.names("s").unwrap();
        assert!(names.len() > 60, "{}", names.len());
        assert!(values.set("s", "0", None).unwrap());
    }
}
