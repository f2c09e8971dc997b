//! The registries on the disk: one for each workspace, all with one key.
//!
//! Several runs may have one open at once. Each looks whether it has been replaced before it believes what it has, and
//! changes it under a lock, from what is there then.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use capstep_secrets::SealedRegistry;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::SealedFilesError;
use crate::journal::hex;

/// The key of the digests. It never leaves the folder.
const KEY: &str = "key";

/// Held by who changes a registry.
const LOCK: &str = "lock";

/// How a registry's file ends.
const REGISTRY: &str = "json";

#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    workspace: PathBuf,
    /// The workspace's own registry.
    path: PathBuf,
    key: [u8; 32],
    own: Mutex<Loaded>,
    /// Those of other workspaces, as they were when the run began.
    others: Vec<SealedRegistry>,
}

#[derive(Debug, Default)]
struct Loaded {
    registry: SealedRegistry,
    version: Option<Version>,
}

/// Tells one file under a name from the next: each is new, and put in its place by a rename.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    inode: u64,
    changed: (i64, i64),
}

impl Store {
    pub(super) fn open(folder: &Path, workspace: &Path) -> Result<Self, SealedFilesError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| SealedFilesError::Io { path, error }
        };
        let mut private = fs::DirBuilder::new();
        let made = private.recursive(true).mode(0o700).create(folder);
        made.map_err(at(folder))?;
        let workspace = workspace.canonicalize().map_err(at(workspace))?;
        let name = hex(&Sha256::digest(workspace.as_os_str().as_encoded_bytes()));
        let path = folder.join(&name).with_extension(REGISTRY);
        let own = load(&path)?.unwrap_or_else(|| Loaded {
            registry: SealedRegistry::of(&workspace.to_string_lossy()),
            version: None,
        });
        let mut others = Vec::new();
        for entry in fs::read_dir(folder).map_err(at(folder))? {
            let other = entry.map_err(at(folder))?.path();
            if other.extension().is_some_and(|end| end == REGISTRY) && other != path {
                others.extend(load(&other)?.map(|loaded| loaded.registry));
            }
        }
        Ok(Self {
            key: key(folder)?,
            folder: folder.to_owned(),
            workspace,
            path,
            own: Mutex::new(own),
            others,
        })
    }

    pub(super) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    pub(super) fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// A path as it is called in the workspace; none where it is not in it.
    pub(super) fn inside(&self, path: &Path) -> Option<String> {
        let inside = path.strip_prefix(&self.workspace).ok()?;
        inside.to_str().map(str::to_owned)
    }

    /// Looks at all of them.
    pub(super) fn all<T>(&self, look: impl FnOnce(&[&SealedRegistry]) -> T) -> T {
        let own = self.current();
        let all = std::iter::once(&own.registry).chain(&self.others);
        look(&all.collect::<Vec<_>>())
    }

    /// Changes the workspace's own registry, on the disk first.
    pub(super) fn change(
        &self,
        act: impl FnOnce(&mut SealedRegistry) -> Result<(), String>,
    ) -> Result<(), String> {
        let told = |error: io::Error| format!("{}: {error}", self.folder.display());
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(self.folder.join(LOCK)).map_err(told)?;
        lock.lock().map_err(told)?;
        let mut own = self.current();
        let mut changed = own.registry.clone();
        act(&mut changed)?;
        let text = changed.to_json().map_err(|error| error.to_string())?;
        let mut file = NamedTempFile::new_in(&self.folder).map_err(told)?;
        file.write_all(text.as_bytes()).map_err(told)?;
        file.as_file().sync_all().map_err(told)?;
        file.persist(&self.path)
            .map_err(|error| told(error.error))?;
        *own = Loaded {
            registry: changed,
            version: version(&self.path),
        };
        Ok(())
    }

    /// What is there now. Where it can't be read any more, what is known stays: nothing gets unsealed by a fault.
    fn current(&self) -> MutexGuard<'_, Loaded> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if version(&self.path) != own.version
            && let Ok(Some(loaded)) = load(&self.path)
        {
            *own = loaded;
        }
        own
    }
}

fn version(path: &Path) -> Option<Version> {
    let found = fs::symlink_metadata(path).ok()?;
    Some(Version {
        inode: found.ino(),
        changed: (found.mtime(), found.mtime_nsec()),
    })
}

/// A registry; none where there is none yet.
fn load(path: &Path) -> Result<Option<Loaded>, SealedFilesError> {
    // Before the text: of two that are put there one after the other, the later is then read again.
    let version = version(path);
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let path = path.to_owned();
            return Err(SealedFilesError::Io { path, error });
        }
    };
    let registry = SealedRegistry::from_json(&text).map_err(|error| SealedFilesError::Damaged {
        path: path.to_owned(),
        message: error.to_string(),
    })?;
    Ok(Some(Loaded { registry, version }))
}

/// The key, which is made where there is none: under another name first, since another run may look for it now.
fn key(folder: &Path) -> Result<[u8; 32], SealedFilesError> {
    let path = folder.join(KEY);
    let at = |error| SealedFilesError::Io {
        path: path.clone(),
        error,
    };
    if !path.exists() {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| at(io::Error::other(error.to_string())))?;
        let mut file = NamedTempFile::new_in(folder).map_err(at)?;
        file.write_all(&key).map_err(at)?;
        file.as_file().sync_all().map_err(at)?;
        match file.persist_noclobber(&path) {
            Ok(file) => drop::<File>(file),
            // Somebody was faster.
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(at(error.error)),
        }
    }
    let bytes = fs::read(&path).map_err(at)?;
    bytes.try_into().map_err(|_| SealedFilesError::Damaged {
        path: path.clone(),
        message: "the key has 32 bytes".to_owned(),
    })
}
