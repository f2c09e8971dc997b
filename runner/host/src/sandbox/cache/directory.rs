//! Directories and files that nobody else can have written.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::sandbox::error::CacheError;

/// Permission bits of group and others to write.
const OTHERS_WRITE: u32 = 0o022;

/// All permission bits of group and others.
const OTHERS: u32 = 0o077;

/// A directory whose owner and mode were checked.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    owner: u32,
}

/// A file in a checked directory that was checked itself.
#[derive(Debug)]
pub(crate) struct OwnedFile {
    path: PathBuf,
}

impl OwnedFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Directory {
    /// The machine's: root's, and nobody else may write.
    pub(crate) fn system(path: &Path) -> Result<Self, CacheError> {
        Self::checked(path, 0, OTHERS_WRITE, "only root may write there")
    }

    /// The user's: made where it is missing, and of no use to anybody else.
    pub(crate) fn user(path: &Path) -> Result<Self, CacheError> {
        let io = |source| CacheError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io)?;
        }
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io(error)),
            _ => {}
        }
        Self::checked(
            path,
            nix::unistd::geteuid().as_raw(),
            OTHERS,
            "it must be 0700",
        )
    }

    fn checked(
        path: &Path,
        owner: u32,
        refused: u32,
        expected: &'static str,
    ) -> Result<Self, CacheError> {
        let path = path.to_owned();
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(source) => return Err(CacheError::Io { path, source }),
        };
        if !metadata.is_dir() {
            let what = if metadata.is_symlink() {
                "a link"
            } else {
                "something else"
            };
            return Err(CacheError::NotADirectory { path, what });
        }
        if metadata.uid() != owner {
            return Err(CacheError::Owner {
                path,
                owner: metadata.uid(),
                expected: owner,
            });
        }
        if metadata.mode() & refused != 0 {
            return Err(CacheError::Mode {
                path,
                mode: metadata.mode() & 0o7777,
                expected,
            });
        }
        Ok(Self { path, owner })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file of this name, where there is one that only the directory's owner can have written.
    pub(crate) fn file(&self, name: &str) -> Option<OwnedFile> {
        let path = self.path.join(name);
        let metadata = path.symlink_metadata().ok()?;
        self.is_ours(&metadata).then_some(OwnedFile { path })
    }

    fn is_ours(&self, metadata: &Metadata) -> bool {
        metadata.is_file() && metadata.uid() == self.owner && metadata.mode() & OTHERS_WRITE == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_missing_directory_is_made_private() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/capstep");
        Directory::user(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        Directory::user(&path).unwrap();
    }

    #[test]
    fn wrong_modes_links_and_files_are_refused() {
        let root = tempfile::tempdir().unwrap();
        for refused in [0o777, 0o770, 0o755, 0o701] {
            let path = root.path().join(format!("{refused:o}"));
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(refused)).unwrap();
            assert!(
                matches!(Directory::user(&path), Err(CacheError::Mode { mode, .. }) if mode == refused)
            );
        }
        let link = root.path().join("link");
        Directory::user(&root.path().join("real")).unwrap();
        symlink(root.path().join("real"), &link).unwrap();
        assert!(matches!(
            Directory::user(&link),
            Err(CacheError::NotADirectory { what: "a link", .. })
        ));
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(
            Directory::user(&file),
            Err(CacheError::NotADirectory { .. })
        ));
    }

    #[test]
    fn files_that_others_can_write_and_links_are_not_read() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::user(&root.path().join("cache")).unwrap();
        let inside = |name: &str| directory.path().join(name);
        fs::write(inside("good"), "").unwrap();
        fs::set_permissions(inside("good"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(inside("open"), "").unwrap();
        fs::set_permissions(inside("open"), fs::Permissions::from_mode(0o666)).unwrap();
        symlink(inside("good"), inside("link")).unwrap();
        for (name, expected) in [
            ("good", true),
            ("open", false),
            ("link", false),
            ("missing", false),
        ] {
            assert_eq!(directory.file(name).is_some(), expected, "{name}");
        }
    }
}
