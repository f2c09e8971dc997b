//! The folder that a run leaves: `runs/<id>/` with its events, its journal and `run.json`; and the project's own.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use capstep_host::Trust;
use capstep_host::journal::Journal;
use sha2::{Digest as _, Sha256};

use crate::error::RunError;
use crate::past::RunRecord;

/// The version of `run.json`.
const RUN_VERSION: u32 = 1;

/// A run's folder, held by a lock while the run lives.
pub(crate) struct RunFolder {
    pub(crate) id: String,
    pub(crate) path: PathBuf,
    /// Locked until dropped: whoever recovers or cleans up looks at locks, never at ages.
    _lock: File,
}

impl RunFolder {
    pub(crate) fn create(state: &Path) -> Result<Self, RunError> {
        let id = new_id();
        let path = state.join("runs").join(&id);
        let at = |error: io::Error| RunError::State {
            path: path.clone(),
            message: error.to_string(),
        };
        let runs = state.join("runs");
        private_folder(&runs).map_err(at)?;
        // Shared by all who begin a run: whoever removes runs waits until each new one has its lock.
        let gate = gate(&runs).map_err(at)?;
        gate.lock_shared().map_err(at)?;
        private_folder(&path).map_err(at)?;
        let lock = private_file(&path.join("lock")).map_err(at)?;
        lock.lock().map_err(at)?;
        drop(gate);
        Ok(Self {
            id,
            path,
            _lock: lock,
        })
    }

    /// Removes it: a run that could not begin leaves none. What can't be removed is left for `gc`.
    pub(crate) fn discard(self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }

    pub(crate) fn journal(&self) -> Result<Journal, RunError> {
        let path = self.path.join("journal.jsonl");
        Journal::create(&path).map_err(|error| RunError::State {
            path,
            message: error.to_string(),
        })
    }

    pub(crate) fn events(&self) -> Result<File, RunError> {
        let path = self.path.join("events.jsonl");
        private_file(&path).map_err(|error| RunError::State {
            path,
            message: error.to_string(),
        })
    }

    pub(crate) fn record(
        &self,
        source: &capstep_pipeline::Source,
        project: &str,
        workspace: &Path,
        trust: Trust,
    ) -> RunRecord {
        RunRecord {
            version: RUN_VERSION,
            run: self.id.clone(),
            pipeline: source.name.clone(),
            digest: pipeline_digest(source),
            project: Some(project.to_owned()),
            trusted: trust == Trust::Trusted,
            workspace: workspace.display().to_string(),
            started: jiff::Timestamp::now().to_string(),
            finished: None,
            outcome: None,
            exit_code: None,
            journal_head: None,
        }
    }

    /// Writes `run.json`, whole, by rename.
    pub(crate) fn write(&self, record: &RunRecord) -> Result<(), RunError> {
        let path = self.path.join("run.json");
        let written = (|| {
            let mut text = serde_json::to_vec_pretty(record)?;
            text.push(b'\n');
            write_whole(&path, &text)
        })();
        written.map_err(|error: io::Error| RunError::State {
            path,
            message: error.to_string(),
        })
    }
}

/// The folder of a project's own state.
pub(crate) fn project_folder(state: &Path, key: &str) -> Result<PathBuf, RunError> {
    let path = state.join("projects").join(key);
    private_folder(&path).map_err(|error| RunError::State {
        path: path.clone(),
        message: error.to_string(),
    })?;
    Ok(path)
}

/// SHA-256 of a pipeline's text, as `run.json` has it; where it includes files, of its text and then each one's path and
/// text, with their lengths.
pub fn pipeline_digest(source: &capstep_pipeline::Source) -> String {
    let mut digest = Sha256::new();
    digest.update(source.text.as_bytes());
    for (path, file) in source.included().files() {
        for part in [path, file.text] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
    }
    hex(&digest.finalize())
}

/// A project is known by its pipeline's name, else by its folder: state, seals, labels and caches go by it.
pub fn project_key(name: Option<&str>, workspace: &Path) -> String {
    let (shown, whole) = match name {
        Some(name) => (name.to_owned(), name.to_owned()),
        None => {
            let folder = workspace
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            (folder, workspace.display().to_string())
        }
    };
    key_of(&shown, &whole)
}

/// What stands for a name in the state folder: the part of it that can be read, and a digest of what is unlike others.
pub(crate) fn key_of(shown: &str, whole: &str) -> String {
    let readable: String = shown
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .take(40)
        .collect();
    let digest = hex(&Sha256::digest(whole.as_bytes()));
    format!("{readable}-{}", digest.get(..16).unwrap_or_default())
}

/// Sortable by time, and unlike any other.
fn new_id() -> String {
    let mut random = [0; 4];
    // Without randomness the time alone still tells runs of one machine apart, but for those of one second.
    let _ = getrandom::fill(&mut random);
    format!(
        "{}-{}",
        jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S"),
        hex(&random)
    )
}

/// The lock between those who begin runs and those who remove them, beside the folder of runs; held for moments.
pub(crate) fn gate(runs: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(runs.with_extension("lock"))
}

pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a small file, whole, by rename.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file that is there to be locked.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

/// A lock for as long as it takes to read and write a small file; held until dropped.
pub(crate) fn locked(path: &Path) -> io::Result<File> {
    let file = lock_file(path)?;
    file.lock()?;
    Ok(file)
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
