//! A place in the workspace that is kept.

use std::io;

use cap_std::fs::Dir;

/// A place in the workspace that is kept: a folder or a file, there or not.
#[derive(Debug)]
pub struct Spot {
    /// The folder it lies in.
    pub folder: Dir,
    /// Its name there.
    pub name: String,
    /// Its path in the workspace.
    pub path: String,
}

/// What is at a spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum There {
    /// Nothing.
    Nothing,
    /// A folder with nothing in it.
    EmptyFolder,
    /// Something that somebody may want to keep.
    Something,
}

impl Spot {
    /// Whether nothing is there that somebody may want to keep: nothing, or an empty folder.
    ///
    /// # Errors
    /// It can't be looked at.
    pub fn is_free(&self) -> io::Result<bool> {
        Ok(self.there()? != There::Something)
    }

    /// What is there; a link is something.
    pub(crate) fn there(&self) -> io::Result<There> {
        let metadata = match self.folder.symlink_metadata(&self.name) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(There::Nothing),
            Err(error) => return Err(error),
        };
        if !metadata.is_dir() {
            return Ok(There::Something);
        }
        let mut entries = self.folder.read_dir(&self.name)?;
        Ok(match entries.next() {
            None => There::EmptyFolder,
            Some(_) => There::Something,
        })
    }
}
