//! A step's private folder: home, temporary files, the script, and where the new root is mounted.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::places;
use crate::error::ProcessError;

/// Only the owner.
const PRIVATE: u32 = 0o700;

/// The folder, which goes when this is dropped.
pub(super) struct Scratch(TempDir);

impl Scratch {
    /// Makes it, with the script in it.
    pub(super) fn make(parent: &Path, script: &str) -> Result<Self, ProcessError> {
        let make = || -> io::Result<TempDir> {
            let folder = tempfile::Builder::new()
                .prefix(".capstep-step-")
                .permissions(fs::Permissions::from_mode(PRIVATE))
                .tempdir_in(fs::canonicalize(parent)?)?;
            for name in [places::SCRATCH_HOME, places::SCRATCH_TMP, places::ROOT] {
                fs::DirBuilder::new()
                    .mode(PRIVATE)
                    .create(folder.path().join(name))?;
            }
            fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o400)
                .open(folder.path().join(places::SCRATCH_SCRIPT))?
                .write_all(script.as_bytes())?;
            Ok(folder)
        };
        make().map(Self).map_err(|source| ProcessError::Folder {
            path: parent.to_owned(),
            source,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Removes it. Nothing of the step lives any more.
    pub(super) fn remove(self) -> Result<(), ProcessError> {
        let path = self.0.keep();
        remove_all(&path).map_err(|source| ProcessError::Folder { path, source })
    }
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
