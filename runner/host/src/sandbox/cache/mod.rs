//! Compiled code on disk.
//!
//! A file is named by the digest of what it was compiled from and how, so it is never stale, and two programs that
//! write it at once write the same. It is read into this program as code: the directories are therefore checked as
//! strictly as a directory of programs would be.

mod directory;
mod native;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

pub(crate) use directory::Directory;

use super::engine::SETTINGS_VERSION;
use super::error::CacheError;

/// Where compiled code is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheDirectories {
    /// The machine's, owned by root; read first, never written. One that is not there is no error.
    pub system: Option<PathBuf>,
    /// The user's, made where it is missing.
    pub user: PathBuf,
}

/// The checked directories.
#[derive(Debug)]
pub(crate) struct Cache {
    system: Option<Directory>,
    user: Directory,
}

/// The name of a compiled file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(String);

impl Key {
    /// Of a plugin's bytes and an engine's [`super::engine::compatibility`].
    pub(crate) fn new(bytes: &[u8], compatibility: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(Sha256::digest(bytes));
        digest.update(SETTINGS_VERSION.to_le_bytes());
        digest.update(compatibility.as_bytes());
        Self(hexadecimal(&digest.finalize()))
    }

    fn file(&self) -> String {
        format!("{}.cwasm", self.0)
    }
}

impl Cache {
    /// Checks the directories, and makes the user's where it is missing.
    pub(crate) fn open(directories: &CacheDirectories) -> Result<Self, CacheError> {
        let system = match &directories.system {
            Some(path) if path.symlink_metadata().is_ok() => Some(Directory::system(path)?),
            _ => None,
        };
        Ok(Self {
            system,
            user: Directory::user(&directories.user)?,
        })
    }

    /// The compiled component, where it is there and fits. One in the user's directory that does not load is removed.
    pub(crate) fn load(&self, engine: &Engine, key: &Key) -> Option<Component> {
        if let Some(file) = self
            .system
            .as_ref()
            .and_then(|directory| directory.file(&key.file()))
            && let Ok(component) = native::load(engine, &file)
        {
            return Some(component);
        }
        let file = self.user.file(&key.file())?;
        match native::load(engine, &file) {
            Ok(component) => Some(component),
            Err(_) => {
                // It is compiled again and replaced; removing it only spares the next try if that fails.
                let _ = std::fs::remove_file(file.path());
                None
            }
        }
    }

    /// Keeps compiled code. A failure is no failure of the plugin: the next run compiles again.
    pub(crate) fn store(&self, key: &Key, compiled: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(self.user.path())?;
        file.write_all(compiled)?;
        file.persist(self.path(key)).map_err(|error| error.error)?;
        Ok(())
    }

    fn path(&self, key: &Key) -> PathBuf {
        Path::join(self.user.path(), key.file())
    }
}

/// Bytes as text.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
