//! A designated path, opened. No link is followed on the way to it; below it links are followed as long as they stay
//! below it.
//!
//! Here is the place itself: `way` leads to it, `content` reads and writes it, `pending` is a file that is being
//! written, `leftovers` removes what a killed run left of one, `look` says what is there, `error` what can go wrong.

mod content;
mod error;
mod leftovers;
mod look;
mod pending;
mod way;

pub(crate) use error::FileError;
pub(crate) use look::stat_of;
pub(crate) use pending::Pending;

use std::io;

use cap_fs_ext::DirExt as _;
use cap_std::fs::Dir;
use capstep_grants::WorkspacePath;

use super::workspace::Workspace;
use way::{descend, join, lookup, parent, split};

/// A file or folder at or below a designated path.
#[derive(Debug)]
pub(crate) struct Place {
    /// The folder that nothing leads out of.
    dir: Dir,
    /// The folder's path in the workspace.
    folder: String,
    /// The path below it; `.` for itself.
    relative: String,
    /// The pipeline's own files.
    pipeline: std::sync::Arc<Vec<String>>,
}

impl Place {
    /// Opens the way to `path`, which lies at or below the designated `root`.
    pub(crate) fn open(
        workspace: &Workspace,
        root: &WorkspacePath,
        path: &WorkspacePath,
    ) -> Result<Self, FileError> {
        Self::at(workspace, root, path, false)
    }

    /// The same, and makes the folders that are missing on the way.
    pub(crate) fn create(
        workspace: &Workspace,
        root: &WorkspacePath,
        path: &WorkspacePath,
    ) -> Result<Self, FileError> {
        Self::at(workspace, root, path, true)
    }

    fn at(
        workspace: &Workspace,
        root: &WorkspacePath,
        path: &WorkspacePath,
        make: bool,
    ) -> Result<Self, FileError> {
        let fixed = root.fixed_part();
        let root_is_folder = fixed == "."
            || matches!(lookup(&workspace.dir, fixed), Ok(metadata) if metadata.is_dir());
        // Where the designated thing itself is asked for and is no folder, its parent is opened; nothing beside the one
        // name is ever used there.
        let below = path.as_str() != fixed;
        let folder = if root_is_folder || below {
            fixed
        } else {
            parent(fixed)
        };
        let dir = descend(&workspace.dir, folder, make)?;
        let relative = match folder {
            "." => path.as_str(),
            folder => path
                .as_str()
                .strip_prefix(folder)
                .map_or("", |rest| rest.trim_start_matches('/')),
        };
        let relative = if relative.is_empty() { "." } else { relative };
        let mut place = Self {
            dir,
            folder: folder.to_owned(),
            relative: ".".to_owned(),
            pipeline: workspace.pipeline.clone(),
        };
        place.go(relative, make)?;
        Ok(place)
    }

    /// Goes down to a path. Links on the way are followed where they stay below the folder, and each place they lead to
    /// is asked whether it is reserved; the last part is not followed.
    fn go(&mut self, path: &str, make: bool) -> Result<(), FileError> {
        let (way, name) = split(path);
        for part in way.split('/').filter(|part| *part != ".") {
            let next = join(&self.relative, part);
            self.relative = match self.dir.canonicalize(&next) {
                Ok(real) if real.as_os_str().is_empty() => ".".to_owned(),
                Ok(real) => real.to_string_lossy().into_owned(),
                Err(error) if make && error.kind() == io::ErrorKind::NotFound => {
                    self.dir.create_dir(&next)?;
                    next
                }
                Err(error) => return Err(error.into()),
            };
            self.check()?;
        }
        if name != "." {
            self.relative = join(&self.relative, name);
        }
        self.check()
    }

    /// Whether no grant may lead here: the repository's own data, and the files that decide about grants.
    pub(crate) fn is_reserved(&self) -> bool {
        let name = self.name();
        self.pipeline.contains(&name) || WorkspacePath::parse(&name).is_err()
    }

    fn check(&self) -> Result<(), FileError> {
        if self.is_reserved() {
            Err(FileError::Reserved)
        } else {
            Ok(())
        }
    }

    /// Makes the place a folder where nothing is there.
    pub(crate) fn make_folder(&self) -> Result<(), FileError> {
        match self.dir.create_dir(&self.relative) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn is_link(&self) -> bool {
        let metadata = self.dir.symlink_metadata(&self.relative);
        metadata.is_ok_and(|metadata| metadata.is_symlink())
    }

    /// The folder itself, where the place is one.
    pub(crate) fn folder(&self) -> Result<Dir, FileError> {
        Ok(match self.relative.as_str() {
            "." => self.dir.try_clone()?,
            relative => match self.dir.open_dir_nofollow(relative) {
                // A link and a file are refused with the same error; they are not the same mistake.
                Err(error) if error.kind() == io::ErrorKind::NotADirectory && self.is_link() => {
                    return Err(FileError::LinkLeaves);
                }
                folder => folder?,
            },
        })
    }

    /// The path in the workspace, after following what links there are.
    pub(crate) fn real(&self) -> Result<Self, FileError> {
        if self.relative == "." {
            return Ok(Self {
                dir: self.dir.try_clone()?,
                folder: self.folder.clone(),
                relative: self.relative.clone(),
                pipeline: self.pipeline.clone(),
            });
        }
        let canonical = self.dir.canonicalize(&self.relative)?;
        let canonical = canonical.to_string_lossy().into_owned();
        let relative = if canonical.is_empty() {
            ".".to_owned()
        } else {
            canonical
        };
        let place = Self {
            dir: self.dir.try_clone()?,
            folder: self.folder.clone(),
            relative,
            pipeline: self.pipeline.clone(),
        };
        place.check()?;
        Ok(place)
    }

    /// The path in the workspace, as text.
    pub(crate) fn name(&self) -> String {
        match (self.folder.as_str(), self.relative.as_str()) {
            (folder, ".") => folder.to_owned(),
            (".", relative) => relative.to_owned(),
            (folder, relative) => format!("{folder}/{relative}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn reserved_places_are_out_of_reach_also_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("sub/.git")).unwrap();
        symlink("sub", at("link")).unwrap();
        symlink("sub/.git", at("door")).unwrap();
        symlink("/etc", at("out")).unwrap();
        let workspace = Workspace::open(folder.path())
            .unwrap()
            .reserving("other.yml");
        let root = WorkspacePath::parse(".").unwrap();
        let check = |path: &str, expected: &str| {
            let path = WorkspacePath::parse(path).unwrap();
            let found = match Place::create(&workspace, &root, &path) {
                Ok(_) => "open",
                Err(FileError::Reserved) => "reserved",
                Err(FileError::LinkLeaves) => "leaves",
                Err(FileError::Io(_)) => "failed",
            };
            assert_eq!(found, expected, "{path}");
        };
        check("other.yml", "reserved");
        check("door/config", "reserved");
        check("out/passwd", "leaves");
        check("link/new/file", "open");
        check("sub/other.yml", "open");
    }
}
