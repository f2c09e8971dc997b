//! What is at a place, and what lies in it.

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Metadata, MetadataExt as _};

use super::{FileError, Place};
use crate::protocol::{EntryKind, Stat};

impl Place {
    /// What is there; a link is not followed.
    pub(crate) fn stat(&self) -> Result<Metadata, FileError> {
        Ok(self.dir.symlink_metadata(&self.relative)?)
    }

    /// What a link says.
    pub(crate) fn link(&self) -> Result<String, FileError> {
        Ok(self
            .dir
            .read_link_contents(&self.relative)?
            .to_string_lossy()
            .into_owned())
    }

    /// The entries of a folder, by name.
    pub(crate) fn children(&self) -> Result<Vec<(String, Metadata)>, FileError> {
        let dir = if self.relative == "." {
            self.dir.try_clone()?
        } else {
            self.dir.open_dir_nofollow(&self.relative)?
        };
        let mut children = Vec::new();
        for entry in dir.entries()? {
            let entry = entry?;
            // A name that is no UTF-8 can't be named in a pipeline or in JSON; it is passed over.
            if let Ok(name) = entry.file_name().into_string() {
                children.push((name, entry.metadata()?));
            }
        }
        children.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(children)
    }

    /// A child of this folder.
    pub(crate) fn child(&self, name: &str) -> Result<Self, FileError> {
        let relative = if self.relative == "." {
            name.to_owned()
        } else {
            format!("{}/{name}", self.relative)
        };
        Ok(Self {
            dir: self.dir.try_clone()?,
            folder: self.folder.clone(),
            relative,
            pipeline: self.pipeline.clone(),
        })
    }
}

/// What the protocol says of an entry.
pub(crate) fn stat_of(metadata: &Metadata, sealed: bool) -> Stat {
    let kind = if metadata.is_dir() {
        EntryKind::Folder
    } else if metadata.is_file() {
        EntryKind::File
    } else if metadata.is_symlink() {
        EntryKind::Link
    } else {
        EntryKind::Other
    };
    let modified = u64::try_from(metadata.mtime())
        .ok()
        .and_then(|seconds| seconds.checked_mul(1_000_000_000))
        .and_then(|time| time.checked_add(u64::try_from(metadata.mtime_nsec()).unwrap_or(0)));
    Stat {
        kind,
        size: metadata.len(),
        modified,
        mode: metadata.mode() & 0o7777,
        sealed,
    }
}
