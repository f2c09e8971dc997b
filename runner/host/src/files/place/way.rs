//! The way to a place.

use std::io;

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, Metadata};

use super::FileError;

/// Opens a folder part by part; a link on the way is refused.
pub(super) fn descend(from: &Dir, path: &str, make: bool) -> Result<Dir, FileError> {
    let mut dir = from.try_clone()?;
    if path == "." {
        return Ok(dir);
    }
    for part in path.split('/') {
        if make
            && matches!(dir.symlink_metadata(part), Err(error) if error.kind() == io::ErrorKind::NotFound)
        {
            dir.create_dir(part)?;
        }
        if dir.symlink_metadata(part)?.is_symlink() {
            return Err(FileError::LinkLeaves);
        }
        dir = dir.open_dir_nofollow(part)?;
    }
    Ok(dir)
}

pub(super) fn lookup(from: &Dir, path: &str) -> Result<Metadata, FileError> {
    let dir = descend(from, parent(path), false)?;
    Ok(dir.symlink_metadata(split(path).1)?)
}

pub(super) fn parent(path: &str) -> &str {
    split(path).0
}

pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or((".", path))
}

pub(super) fn join(folder: &str, name: &str) -> String {
    if folder == "." {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
