//! Files that hold secrets: what is remembered of them between runs, so that whoever reads one gets its template.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cap_std::fs::Dir;
use capstep_secrets::{SealedFile, SealedRegistry, keyed_digest};
use thiserror::Error;

/// The largest file compared by digest with the sealed ones: sealed files are small, and a digest of everything that
/// is read would cost more than it tells.
pub(crate) const COMPARE_LIMIT: usize = 1024 * 1024;

/// The registry can't be used; without it nobody may read a file, since it might be sealed.
#[derive(Debug, Error)]
pub enum SealedFilesError {
    /// Reading or writing it failed.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// It is damaged.
    #[error(
        "{path} is damaged: {message}; remove it only if no sealed file is left in the project"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

/// The sealed files of a project.
#[derive(Debug)]
pub struct SealedFiles {
    path: PathBuf,
    key: [u8; 32],
    registry: Mutex<SealedRegistry>,
}

impl SealedFiles {
    /// Opens the registry in the project's state folder, which is made where it is missing.
    ///
    /// # Errors
    /// The files can't be read or are damaged.
    pub fn open(state: &Path) -> Result<Self, SealedFilesError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| SealedFilesError::Io { path, error }
        };
        fs::create_dir_all(state).map_err(at(state))?;
        let key_path = state.join("sealed.key");
        let key = match fs::read(&key_path) {
            Ok(bytes) => bytes.try_into().map_err(|_| SealedFilesError::Damaged {
                path: key_path.clone(),
                message: "the key has 32 bytes".to_owned(),
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(|error| SealedFilesError::Io {
                    path: key_path.clone(),
                    error: io::Error::other(error.to_string()),
                })?;
                write_private(&key_path, &key).map_err(at(&key_path))?;
                key
            }
            Err(error) => return Err(at(&key_path)(error)),
        };
        let path = state.join("sealed.json");
        let registry = match fs::read_to_string(&path) {
            Ok(text) => {
                SealedRegistry::from_json(&text).map_err(|error| SealedFilesError::Damaged {
                    path: path.clone(),
                    message: error.to_string(),
                })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => SealedRegistry::default(),
            Err(error) => return Err(at(&path)(error)),
        };
        Ok(Self {
            path,
            key,
            registry: Mutex::new(registry),
        })
    }

    /// Whether any file is sealed: most projects have none, and then nothing needs comparing.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().iter().next().is_none()
    }

    /// The paths of all sealed files, in the workspace.
    pub(crate) fn paths(&self) -> Vec<String> {
        let registry = self.lock();
        registry.iter().map(|(path, _)| path.to_owned()).collect()
    }

    /// The template of a sealed file, by its path.
    pub(crate) fn template(&self, path: &str) -> Option<String> {
        self.lock().get(path).map(|file| file.template.clone())
    }

    /// The template of a sealed file whose bytes these are: a copy under another name is as secret.
    pub(crate) fn template_of_copy(&self, bytes: &[u8]) -> Option<String> {
        if bytes.len() > COMPARE_LIMIT || self.is_empty() {
            return None;
        }
        let digest = keyed_digest(&self.key, bytes);
        self.lock()
            .by_digest(&digest)
            .map(|(_, file)| file.template.clone())
    }

    /// Whether a file is, to the byte, one that was sealed under another name.
    pub(crate) fn is_copy(&self, dir: &Dir, path: &str) -> io::Result<bool> {
        let found = dir.symlink_metadata(path)?;
        if !found.is_file() || found.len() > COMPARE_LIMIT as u64 {
            return Ok(false);
        }
        Ok(self.template_of_copy(&dir.read(path)?).is_some())
    }

    /// Remembers a file that was written with secrets in it.
    pub(crate) fn remember(
        &self,
        path: &str,
        bytes: &[u8],
        template: String,
        names: Vec<String>,
    ) -> Result<(), String> {
        let file = SealedFile {
            digest: keyed_digest(&self.key, bytes),
            template,
            names,
        };
        self.change(|registry| {
            registry
                .remember(path, file)
                .map_err(|error| error.to_string())
        })
    }

    /// Forgets a file that is gone or holds no secret any more.
    pub(crate) fn forget(&self, path: &str) -> Result<(), String> {
        if self.template(path).is_none() {
            return Ok(());
        }
        self.change(|registry| {
            registry.forget(path);
            Ok(())
        })
    }

    /// A digest that tells nothing to who doesn't have the key.
    pub(crate) fn digest(&self, bytes: &[u8]) -> String {
        keyed_digest(&self.key, bytes)
    }

    fn change(
        &self,
        act: impl FnOnce(&mut SealedRegistry) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut registry = self.lock();
        let mut changed = registry.clone();
        act(&mut changed)?;
        let text = changed.to_json().map_err(|error| error.to_string())?;
        let temporary = self.path.with_extension("json.new");
        let _ = fs::remove_file(&temporary);
        write_private(&temporary, text.as_bytes()).map_err(|error| error.to_string())?;
        fs::rename(&temporary, &self.path).map_err(|error| error.to_string())?;
        *registry = changed;
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, SealedRegistry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()
}
