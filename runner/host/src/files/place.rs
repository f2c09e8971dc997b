//! A designated path, opened. No link is followed on the way to it; below it links are followed as long as they stay
//! below it.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{
    Dir, File, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _, PermissionsExt as _,
};
use capstep_grants::WorkspacePath;

use super::workspace::Workspace;
use crate::protocol::{EntryKind, Stat};

/// Why a file operation did not come about.
#[derive(Debug)]
pub(crate) enum FileError {
    /// A link leads out of the designated path.
    LinkLeaves,
    /// What a link leads to is reserved.
    Reserved,
    /// The system said no.
    Io(io::Error),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        // cap-std answers an escape with an error of its own making, which has no number of the system's; a loop of
        // links or a link where none is followed has one.
        let escape =
            error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none();
        let link = error.raw_os_error() == Some(nix::libc::ELOOP);
        if escape || link {
            Self::LinkLeaves
        } else {
            Self::Io(error)
        }
    }
}

/// A file or folder at or below a designated path.
#[derive(Debug)]
pub(crate) struct Place {
    /// The folder that nothing leads out of.
    dir: Dir,
    /// The folder's path in the workspace.
    folder: String,
    /// The path below it; `.` for itself.
    relative: String,
    /// The pipeline's own file.
    pipeline: Option<std::sync::Arc<str>>,
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
        self.pipeline.as_deref() == Some(name.as_str()) || WorkspacePath::parse(&name).is_err()
    }

    fn check(&self) -> Result<(), FileError> {
        if self.is_reserved() {
            Err(FileError::Reserved)
        } else {
            Ok(())
        }
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

    /// Writes the file whole: to a name beside it, then renamed over it.
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
        let temporary = join(
            folder,
            &format!(
                ".{name}.{}",
                capstep_secrets::Placeholder::random()
                    .as_str()
                    .rsplit(':')
                    .next()
                    .unwrap_or("new")
            ),
        );
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .mode(mode)
            .follow(FollowSymlinks::No);
        let file = self.dir.open_with(&temporary, &options)?;
        // The mode at creation is cut by the process's umask; what was asked for is meant.
        file.set_permissions(cap_std::fs::Permissions::from_mode(mode))?;
        Ok(Pending {
            dir: self.dir.try_clone()?,
            file,
            temporary: Some(temporary),
            target: self.relative.clone(),
        })
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

/// A file that is being written and will take another's place.
pub(crate) struct Pending {
    dir: Dir,
    pub(crate) file: File,
    temporary: Option<String>,
    target: String,
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

/// Opens a folder part by part; a link on the way is refused.
fn descend(from: &Dir, path: &str, make: bool) -> Result<Dir, FileError> {
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

fn lookup(from: &Dir, path: &str) -> Result<Metadata, FileError> {
    let dir = descend(from, parent(path), false)?;
    Ok(dir.symlink_metadata(split(path).1)?)
}

fn parent(path: &str) -> &str {
    split(path).0
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or((".", path))
}

fn join(folder: &str, name: &str) -> String {
    if folder == "." {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
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
