//! The temporary folder that is the demo's whole world.

use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File};

/// The folder of the deployed site below the root.
pub(crate) const SITE: &str = "srv/site";

/// The root: a folder handle that no path and no link leads out of, and the folder's real path.
#[derive(Debug)]
pub(crate) struct Root {
    /// For everything that the servers do with files.
    pub(crate) dir: Dir,
    /// Without links, so that paths in it can be compared.
    pub(crate) path: PathBuf,
}

impl Root {
    /// Opens a folder that is there.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let dir = Dir::open_ambient_dir(&path, ambient_authority())?;
        Ok(Self { dir, path })
    }

    /// Opens a regular file to read. Anything else, a pipe above all, could keep the reader waiting for ever.
    pub(crate) fn open_file(&self, path: &Path) -> io::Result<File> {
        if self.dir.metadata(path)?.is_file() {
            self.dir.open(path)
        } else {
            Err(io::Error::other("not a regular file"))
        }
    }

    /// A remote path, which is absolute, as one relative to the root; none if by its text it is not in it or holds
    /// `..`. The root itself is `.`.
    pub(crate) fn relative(&self, remote: &str) -> Option<PathBuf> {
        if remote.contains('\0') || !remote.starts_with('/') {
            return None;
        }
        let path = Path::new(remote);
        let plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
        // `components` passes over a `.` within a path.
        if !path.components().all(plain) || remote.split('/').any(|part| part == ".") {
            return None;
        }
        let relative = path.strip_prefix(&self.path).ok()?;
        Some(match relative.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => relative.to_owned(),
        })
    }

    /// Whether a remote path is in the root by its text, and what is there by its real path: as far as it exists, no
    /// link on its way leads out.
    pub(crate) fn holds(&self, remote: &str) -> bool {
        self.relative(remote).is_some() && self.stays(Path::new(remote))
    }

    /// As [`Root::holds`], for an entry that is removed or replaced and may be a link itself.
    pub(crate) fn holds_entry(&self, remote: &str) -> bool {
        let inside = self
            .relative(remote)
            .is_some_and(|path| path != Path::new("."));
        inside
            && Path::new(remote)
                .parent()
                .is_some_and(|parent| self.stays(parent))
    }

    fn stays(&self, path: &Path) -> bool {
        for at in path.ancestors() {
            match at.canonicalize() {
                Ok(real) => return real.starts_with(&self.path),
                // Nothing there: what is above it counts. A link that leads nowhere is there.
                Err(_) if at.symlink_metadata().is_ok() => return false,
                Err(_) => {}
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn paths_are_in_the_root_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let top = root.path.to_str().unwrap().to_owned();
        std::fs::create_dir(root.path.join("in")).unwrap();
        symlink("/etc", root.path.join("out")).unwrap();
        symlink("in", root.path.join("link")).unwrap();
        symlink("/nowhere/at/all", root.path.join("dangling")).unwrap();
        let check = |path: &str, holds: bool, entry: bool| {
            assert_eq!(root.holds(path), holds, "{path}");
            assert_eq!(root.holds_entry(path), entry, "{path} as an entry");
        };
        check(&top, true, false);
        check(&format!("{top}/in"), true, true);
        check(&format!("{top}/in/new/deep"), true, true);
        check(&format!("{top}/link/new"), true, true);
        check(&format!("{top}/out"), false, true);
        check(&format!("{top}/out/passwd"), false, false);
        check(&format!("{top}/dangling"), false, true);
        check(&format!("{top}/dangling/x"), false, false);
        check(&format!("{top}/../x"), false, false);
        check(&format!("{top}/./x"), false, false);
        check(&format!("{top}x"), false, false);
        check("/etc/passwd", false, false);
        check("in", false, false);
        check(&format!("{top}/a\0b"), false, false);
        check("", false, false);
    }
}
