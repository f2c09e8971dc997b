//! A file that is being written.
//!
//! It has no name until it is whole (`O_TMPFILE`), so that a killed run leaves nothing of it. To take the place of
//! another file it gets a name beside it for the moment between two calls of the system, and is renamed over it. Where
//! the file system knows no files without a name (NFS), it has that name from the start.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt as _, PermissionsExt as _};
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::linkat;

use super::FileError;
use super::leftovers;

/// A file that is being written and will take another's place.
pub(crate) struct Pending {
    /// The folder of both.
    dir: Dir,
    pub(crate) file: File,
    /// Its name until it has its place, if it has one.
    temporary: Option<String>,
    target: String,
}

impl Pending {
    /// A new file that will be `target` in `dir`.
    pub(super) fn begin(dir: Dir, target: &str, mode: u32) -> Result<Self, FileError> {
        let (file, temporary) = match unnamed(&dir, mode) {
            Some(file) => (file, None),
            None => {
                let name = leftovers::name(target);
                let mut options = OpenOptions::new();
                options
                    .write(true)
                    .create_new(true)
                    .mode(mode)
                    .follow(FollowSymlinks::No);
                (dir.open_with(&name, &options)?, Some(name))
            }
        };
        let pending = Self {
            dir,
            file,
            temporary,
            target: target.to_owned(),
        };
        leftovers::claim(&pending.file);
        // The mode at creation is cut by the process's umask; what was asked for is meant.
        pending
            .file
            .set_permissions(cap_std::fs::Permissions::from_mode(mode))?;
        Ok(pending)
    }

    /// Puts it in its place.
    pub(crate) fn commit(mut self) -> Result<(), FileError> {
        self.file.sync_all()?;
        if self.temporary.is_none() {
            match self.link(&self.target) {
                // Something is there already: only a rename replaces it in one act.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                linked => return Ok(linked?),
            }
            let name = leftovers::name(&self.target);
            self.link(&name)?;
            self.temporary = Some(name);
        }
        if let Some(temporary) = &self.temporary {
            self.dir.rename(temporary, &self.dir, &self.target)?;
            self.temporary = None;
        }
        Ok(())
    }

    fn link(&self, name: &str) -> io::Result<()> {
        linkat(
            AT_FDCWD,
            way_to(&self.file).as_str(),
            self.dir.as_fd(),
            name,
            AtFlags::AT_SYMLINK_FOLLOW,
        )
        .map_err(io::Error::from)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _ = self.dir.remove_file(temporary);
        }
    }
}

/// A file without a name, where the file system has such and it can be given a name later.
fn unnamed(dir: &Dir, mode: u32) -> Option<File> {
    let flags = OFlag::O_TMPFILE | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let file = openat(dir.as_fd(), ".", flags, Mode::from_bits_truncate(mode)).ok()?;
    let file = File::from_std(file.into());
    std::fs::symlink_metadata(way_to(&file)).ok()?;
    Some(file)
}

/// How the system calls an open file that has no name.
fn way_to(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    fn folder() -> (tempfile::TempDir, Dir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority()).unwrap();
        (folder, dir)
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn it_has_no_name_until_it_is_whole() {
        let (folder, dir) = folder();
        for content in ["first", "second"] {
            let mut pending = Pending::begin(dir.try_clone().unwrap(), "file", 0o640).unwrap();
            pending.file.write_all(content.as_bytes()).unwrap();
            assert!(names(&folder).iter().all(|name| name == "file"));
            pending.commit().unwrap();
            assert_eq!(names(&folder), ["file"]);
            let path = folder.path().join("file");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
            assert_eq!(mode & 0o7777, 0o640);
        }
        drop(Pending::begin(dir, "file", 0o600).unwrap());
        assert_eq!(names(&folder), ["file"]);
    }

    #[test]
    fn a_link_in_its_place_is_replaced() {
        let (folder, dir) = folder();
        fs::write(folder.path().join("other"), "stays").unwrap();
        std::os::unix::fs::symlink("other", folder.path().join("file")).unwrap();
        let mut pending = Pending::begin(dir, "file", 0o600).unwrap();
        pending.file.write_all(b"new").unwrap();
        pending.commit().unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(
            (read("other"), read("file")),
            ("stays".into(), "new".into())
        );
        assert!(!folder.path().join("file").is_symlink());
    }
}
