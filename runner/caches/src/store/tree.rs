//! A folder removed whatever is in it: folders that nobody may write in as well.

use std::io;

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, MetadataExt as _, Permissions, PermissionsExt as _};

use crate::limits::MAX_DEPTH;

/// All permission bits of the owner.
const ALL: u32 = 0o700;

/// Removes what has this name: a folder with all that is in it, or a file or a link itself. What is gone meanwhile is no
/// error.
///
/// # Errors
/// Something can't be removed; what could be is gone.
pub(crate) fn remove(parent: &Dir, name: &str) -> io::Result<()> {
    gone(below(parent, name.as_ref(), 0))
}

fn below(parent: &Dir, name: &std::ffi::OsStr, depth: usize) -> io::Result<()> {
    let metadata = parent.symlink_metadata(name)?;
    if !metadata.is_dir() {
        return parent.remove_file_or_symlink(name);
    }
    // What was made here is no deeper.
    if depth > MAX_DEPTH {
        return Err(io::Error::other("it has too many folders in each other"));
    }
    // Nobody may look or write in this folder: its owner may say otherwise.
    if metadata.mode() & ALL != ALL {
        parent.set_permissions(name, Permissions::from_mode(ALL))?;
    }
    let dir = parent.open_dir_nofollow(name)?;
    for entry in dir.entries()? {
        gone(below(&dir, &entry?.file_name(), depth + 1))?;
    }
    parent.remove_dir(name)
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
