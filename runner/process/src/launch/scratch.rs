//! A step's private folder: home, temporary files, the script, and where the new root is mounted.
//!
//! A file in it is locked as long as the runner lives, so that what a killed one left can be told from what is in use.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::places;
use crate::error::ProcessError;

/// Only the owner.
const PRIVATE: u32 = 0o700;

/// How such a folder is called from the moment on that its lock is held.
const PREFIX: &str = ".capstep-step-";
/// How it is called before.
const UNLOCKED: &str = ".capstep-new-";
/// The file in it that is locked.
const LOCK: &str = "lock";

/// The folder, which goes when this is dropped.
pub(super) struct Scratch {
    /// Empty once it is removed.
    path: PathBuf,
    /// Locked until dropped.
    _lock: File,
}

impl Scratch {
    /// Makes it, with the script in it.
    pub(super) fn make(parent: &Path, script: &str) -> Result<Self, ProcessError> {
        let make = || -> io::Result<Self> {
            let parent = fs::canonicalize(parent)?;
            let scratch = locked(&parent)?;
            for name in [places::SCRATCH_HOME, places::SCRATCH_TMP, places::ROOT] {
                fs::DirBuilder::new()
                    .mode(PRIVATE)
                    .create(scratch.path().join(name))?;
            }
            fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o400)
                .open(scratch.path().join(places::SCRATCH_SCRIPT))?
                .write_all(script.as_bytes())?;
            Ok(scratch)
        };
        make().map_err(|source| ProcessError::Folder {
            path: parent.to_owned(),
            source,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it. Nothing of the step lives any more.
    pub(super) fn remove(mut self) -> Result<(), ProcessError> {
        let path = std::mem::take(&mut self.path);
        remove_all(&path).map_err(|source| ProcessError::Folder { path, source })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A new folder with its lock held. It has its name only then: whoever finds one without a holder finds a dead one.
fn locked(parent: &Path) -> io::Result<Scratch> {
    let new = tempfile::Builder::new()
        .prefix(UNLOCKED)
        .permissions(fs::Permissions::from_mode(PRIVATE))
        .tempdir_in(parent)?;
    let lock = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(new.path().join(LOCK))?;
    lock.lock()?;
    let name = new.path().file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_prefix(UNLOCKED).unwrap_or(&name);
    let path = parent.join(format!("{PREFIX}{name}"));
    fs::rename(new.path(), &path)?;
    // The old name is nobody's any more.
    let _ = new.keep();
    Ok(Scratch { path, _lock: lock })
}

/// The private folders in `parent` that runners of this account left when they were killed.
///
/// # Errors
/// The folder can't be read.
pub fn left_behind(parent: &Path) -> io::Result<Vec<PathBuf>> {
    let me = rustix::process::getuid().as_raw();
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)?.flatten() {
        let name = entry.file_name();
        let is_one = name.to_str().is_some_and(|name| name.starts_with(PREFIX));
        let is_ours = |metadata: &fs::Metadata| metadata.is_dir() && metadata.uid() == me;
        if is_one && entry.metadata().is_ok_and(|found| is_ours(&found)) && !is_held(&entry.path())
        {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Removes such a folder.
///
/// # Errors
/// It can't be removed, or is in use.
pub fn remove_left_behind(path: &Path) -> io::Result<()> {
    if is_held(path) {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    remove_all(path)
}

fn is_held(folder: &Path) -> bool {
    // A script may have changed the modes of what is its own; the folder and the lock are not.
    let Ok(lock) = File::open(folder.join(LOCK)) else {
        return false;
    };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Removes a folder, those parts too that a script made unreadable.
pub(super) fn remove_all(path: &Path) -> io::Result<()> {
    if fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    for folder in folders_below(path) {
        // What cannot be changed makes the removal fail, with its reason.
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(PRIVATE));
    }
    fs::remove_dir_all(path)
}

/// `path` and the folders below it; each is opened to its owner before it is read.
fn folders_below(path: &Path) -> Vec<PathBuf> {
    let mut waiting = vec![path.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(PRIVATE));
        if let Ok(entries) = fs::read_dir(&folder) {
            // `file_type` does not follow links.
            waiting.extend(
                entries
                    .flatten()
                    .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                    .map(|entry| entry.path()),
            );
        }
        found.push(folder);
    }
    found
}
