//! The folder that steps work in.

use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

/// The pipeline's folder: nothing outside of it can be named.
#[derive(Debug)]
pub struct Workspace {
    path: PathBuf,
    pub(crate) dir: Dir,
}

impl Workspace {
    /// Opens the folder.
    ///
    /// # Errors
    /// It isn't there, or can't be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let dir = Dir::open_ambient_dir(&path, ambient_authority())?;
        Ok(Self { path, dir })
    }

    /// The folder's real path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
