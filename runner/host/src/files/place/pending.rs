//! A file that is being written.

use cap_std::fs::{Dir, File};

use super::FileError;

/// A file that is being written and will take another's place.
pub(crate) struct Pending {
    pub(super) dir: Dir,
    pub(crate) file: File,
    pub(super) temporary: Option<String>,
    pub(super) target: String,
}

impl Pending {
    /// Puts it in its place.
    pub(crate) fn commit(mut self) -> Result<(), FileError> {
        self.file.sync_all()?;
        if let Some(temporary) = self.temporary.take() {
            self.dir.rename(&temporary, &self.dir, &self.target)?;
        }
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _ = self.dir.remove_file(temporary);
        }
    }
}
