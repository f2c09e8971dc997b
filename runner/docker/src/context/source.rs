//! The folder that a context comes from.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, File, OpenOptions};
use serde_json::json;

use crate::context::entry::{Entry, EntryKind};
use crate::error::{DockerError, DockerErrorKind, Stage};

/// Who says what of a folder is a build context's business.
pub trait Gate: Send + Sync + 'static {
    /// Whether this path below the context's root, and all below it, is treated as if it were not there. (Docker's own
    /// tools send `.git` and everything else that no pattern leaves out; a caller whose grants keep places out of reach
    /// hides them here.)
    fn hides(&self, path: &str) -> bool;

    /// Why this file may not be sent, as a fragment ("it holds the secrets DB_PASSWORD"); none if it may. It is asked
    /// about each file before anything of the context is sent; `path` is below the context's root.
    fn refuse(&self, path: &str) -> Option<String>;
}

/// A gate that hides and refuses nothing.
#[derive(Debug, Clone, Copy)]
pub struct Open;

impl Gate for Open {
    fn hides(&self, _: &str) -> bool {
        false
    }

    fn refuse(&self, _: &str) -> Option<String> {
        None
    }
}

/// A folder, and what of it may be sent.
#[derive(Clone)]
pub struct ContextSource {
    dir: Arc<Dir>,
    gate: Arc<dyn Gate>,
}

impl fmt::Debug for ContextSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextSource").finish_non_exhaustive()
    }
}

impl ContextSource {
    /// The folder; nothing outside it is reached, whatever links say.
    pub fn new(dir: Arc<Dir>, gate: Arc<dyn Gate>) -> Self {
        Self { dir, gate }
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Whether a path is hidden. (What lies below a hidden one is not reached in the first place.)
    pub(crate) fn is_hidden(&self, path: &str) -> bool {
        self.gate.hides(path)
    }

    /// Refuses an entry that the gate refuses.
    pub(crate) fn pass(&self, entry: &Entry) -> Result<(), DockerError> {
        if entry.kind != EntryKind::File {
            return Ok(());
        }
        match self.gate.refuse(&entry.path) {
            None => Ok(()),
            Some(why) => Err(DockerError::new(
                Stage::Context,
                DockerErrorKind::Refused,
                format!(
                    "`{}` may not be part of a build context: {why}; leave it out by a line in .dockerignore",
                    entry.path
                ),
            )
            .with_details(json!({ "path": entry.path, "reason": why }))),
        }
    }

    /// Opens a file of the context for reading. A link in its place is refused, and so is anything without bytes.
    pub(crate) fn open(&self, path: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No);
        // Opening a pipe that was put in a file's place would wait for a writer.
        cap_std::fs::OpenOptionsExt::custom_flags(&mut options, NONBLOCK);
        let file = self.dir.open_with(path, &options)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no longer a file"));
        }
        Ok(file)
    }

    /// A file of the context in one piece, at most `limit` bytes. Links within the folder are followed: this is for
    /// Dockerfiles and ignore files, which the engine is sent by themselves.
    pub(crate) fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, DockerError> {
        let failed = |error: io::Error| {
            let kind = match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => DockerErrorKind::NotFound,
                _ => DockerErrorKind::Invalid,
            };
            DockerError::new(
                Stage::Context,
                kind,
                format!("`{path}` of the build context cannot be read: {error}"),
            )
        };
        let mut options = OpenOptions::new();
        options.read(true);
        cap_std::fs::OpenOptionsExt::custom_flags(&mut options, NONBLOCK);
        let file = self.dir.open_with(path, &options).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(failed(io::Error::other("it is no file")));
        }
        let mut bytes = Vec::new();
        file.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > limit {
            return Err(DockerError::new(
                Stage::Context,
                DockerErrorKind::TooLarge,
                format!(
                    "`{path}` of the build context is larger than {} KiB",
                    limit / 1024
                ),
            ));
        }
        Ok(bytes)
    }
}

/// `O_NONBLOCK`, which the standard library has no name for.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NONBLOCK: i32 = 0o4000;
/// The same on the BSDs and macOS.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NONBLOCK: i32 = 0o4;
