//! Folders that nobody else can have written.

use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt as _, MetadataExt as _};

use crate::error::StoreError;

/// All permission bits of group and others.
const OTHERS: u32 = 0o077;

/// A checked folder and where it is.
#[derive(Debug)]
pub(super) struct Private {
    pub(super) dir: Dir,
    pub(super) path: PathBuf,
}

impl Private {
    /// The folder at a path, made where it is missing; its parent is anybody's.
    pub(super) fn at(path: &Path, make: bool) -> Result<Option<Self>, StoreError> {
        let io = |error| StoreError::Io {
            path: path.to_owned(),
            error,
        };
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io(io::ErrorKind::InvalidInput.into()));
        };
        if make {
            std::fs::create_dir_all(parent).map_err(io)?;
        }
        let parent = match Dir::open_ambient_dir(parent, ambient_authority()) {
            Ok(parent) => parent,
            Err(error) if !make && error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        Self::open(&parent, Path::new(name), path.to_owned(), make)
    }

    /// A folder in this one.
    pub(super) fn folder(&self, name: &str, make: bool) -> Result<Option<Self>, StoreError> {
        Self::open(&self.dir, Path::new(name), self.path.join(name), make)
    }

    fn open(
        parent: &Dir,
        name: &Path,
        path: PathBuf,
        make: bool,
    ) -> Result<Option<Self>, StoreError> {
        let io = |error| StoreError::Io {
            path: path.clone(),
            error,
        };
        if make {
            match parent.create_dir_with(name, DirBuilder::new().mode(0o700)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(io(error));
                }
                _ => {}
            }
        }
        let dir = match parent.open_dir_nofollow(name) {
            Ok(dir) => dir,
            Err(error) if !make && error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(match parent.symlink_metadata(name) {
                    Ok(metadata) if metadata.is_symlink() => {
                        unsafe_folder(path, "it is a link".to_owned())
                    }
                    Ok(metadata) if !metadata.is_dir() => {
                        unsafe_folder(path, "it is no folder".to_owned())
                    }
                    _ => io(error),
                });
            }
        };
        // What was opened is asked, not what has the name by now.
        let metadata = dir.dir_metadata().map_err(io)?;
        let own = rustix::process::geteuid().as_raw();
        if metadata.uid() != own {
            let why = format!("it belongs to the user {}, not to {own}", metadata.uid());
            return Err(unsafe_folder(path, why));
        }
        if metadata.mode() & OTHERS != 0 {
            let mode = metadata.mode() & 0o7777;
            let why = format!("its mode is {mode:04o}, and it must be 0700");
            return Err(unsafe_folder(path, why));
        }
        Ok(Some(Self { dir, path }))
    }
}

fn unsafe_folder(path: PathBuf, why: String) -> StoreError {
    StoreError::Unsafe { path, why }
}
