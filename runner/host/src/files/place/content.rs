//! Reading, writing and removing what is at a place.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{File, OpenOptions, OpenOptionsExt as _};

use super::way::split;
use super::{FileError, Pending, Place, leftovers};

impl Place {
    /// Opens the file itself: a link in its place is not followed, [`Place::real`] did that.
    pub(crate) fn file(&self) -> Result<File, FileError> {
        let mut options = OpenOptions::new();
        // A pipe without a writer would hold the open for ever.
        options
            .read(true)
            .follow(FollowSymlinks::No)
            .custom_flags(nix::libc::O_NONBLOCK);
        let file = self.dir.open_with(&self.relative, &options)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            let what = if metadata.is_dir() {
                "a folder"
            } else {
                "no ordinary file"
            };
            return Err(FileError::Io(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("is {what}"),
            )));
        }
        Ok(file)
    }

    /// At most `length` bytes from `offset`.
    pub(crate) fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, FileError> {
        let mut file = self.file()?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Writes the file whole: it is there with all its bytes, or as it was.
    pub(crate) fn replace(&self, content: &[u8], mode: u32) -> Result<(), FileError> {
        let mut pending = self.pending(mode)?;
        pending.file.write_all(content)?;
        pending.commit()
    }

    /// A new file beside this one, that will take its place.
    pub(crate) fn pending(&self, mode: u32) -> Result<Pending, FileError> {
        if matches!(self.dir.symlink_metadata(&self.relative), Ok(metadata) if metadata.is_dir()) {
            return Err(FileError::Io(io::Error::new(
                io::ErrorKind::IsADirectory,
                "is a folder",
            )));
        }
        let (folder, name) = split(&self.relative);
        Pending::begin(self.dir.open_dir(folder)?, name, mode)
    }

    /// Removes what killed runs left of this file while they wrote it.
    pub(crate) fn remove_leftovers(&self) {
        let (folder, name) = split(&self.relative);
        if let Ok(dir) = self.dir.open_dir(folder) {
            leftovers::remove(&dir, name);
        }
    }

    /// Adds to the file's end.
    pub(crate) fn append(&self, content: &[u8], mode: u32) -> Result<(), FileError> {
        let mut options = OpenOptions::new();
        options
            .append(true)
            .create(true)
            .mode(mode)
            .follow(FollowSymlinks::No)
            .custom_flags(nix::libc::O_NONBLOCK);
        let mut file = self.dir.open_with(&self.relative, &options)?;
        file.write_all(content)?;
        Ok(())
    }

    /// Removes what is there; a link itself, never what it leads to.
    pub(crate) fn remove(&self) -> Result<(), FileError> {
        if self.dir.symlink_metadata(&self.relative)?.is_dir() {
            self.dir.remove_dir_all(&self.relative)?;
        } else {
            self.dir.remove_file(&self.relative)?;
        }
        Ok(())
    }
}
