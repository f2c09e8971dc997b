//! What comes out of an entry, put in its place whole or not at all.
//!
//! Each path is filled under another name beside it, and takes its place by one rename when all are whole. A program that
//! dies leaves the place as it was; what it left beside it is told by its lock, and removed by the next one that works
//! there.

use std::fs::File;
use std::io;

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt as _, OpenOptions, OpenOptionsExt as _};

use crate::error::{RestoreError, StoreError};
use crate::reading::reading;
use crate::spot::{Spot, There};
use crate::store::{Lock, Store, random_name, remove_tree};

/// How names begin that are being filled.
const DRAFT: &str = ".capstep-restore-";

/// Paths that are being filled. Dropped before they are in their places, they are removed.
pub(crate) struct Staging<'a> {
    store: &'a Store,
    staged: Vec<Staged>,
}

struct Staged {
    spot: Spot,
    draft: Option<Draft>,
}

struct Draft {
    name: String,
    is_folder: bool,
    _lock: Option<Lock>,
}

impl<'a> Staging<'a> {
    /// Prepares these spots, and removes what killed programs left beside them.
    pub(crate) fn new(store: &'a Store, spots: Vec<Spot>) -> Result<Self, StoreError> {
        let gate = store.gate()?;
        for spot in &spots {
            // What can't be removed is in nobody's way.
            let _ = sweep(&spot.folder);
        }
        drop(gate);
        let staged = spots.into_iter().map(|spot| Staged { spot, draft: None });
        Ok(Self {
            store,
            staged: staged.collect(),
        })
    }

    /// The place of the spot that a path is at or below.
    pub(crate) fn holder(&self, path: &str) -> Option<usize> {
        self.staged.iter().position(|staged| {
            let rest = path.strip_prefix(&staged.spot.path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Whether a path is a spot itself, and not below one.
    pub(crate) fn is_spot(&self, place: usize, path: &str) -> bool {
        self.staged
            .get(place)
            .is_some_and(|staged| staged.spot.path == path)
    }

    /// Begins the folder of a spot.
    pub(crate) fn folder(&mut self, place: usize) -> io::Result<Dir> {
        let (store, staged) = self.new_one(place)?;
        let name = random_name(DRAFT);
        let _gate = store.gate().map_err(io::Error::other)?;
        let folder = &staged.spot.folder;
        folder.create_dir_with(&name, DirBuilder::new().mode(0o700))?;
        let dir = staged.spot.folder.open_dir_nofollow(&name)?;
        staged.draft = Some(Draft {
            name,
            is_folder: true,
            _lock: Lock::of_folder(&dir)?,
        });
        Ok(dir)
    }

    /// Begins the file of a spot.
    pub(crate) fn file(&mut self, place: usize) -> io::Result<File> {
        let (store, staged) = self.new_one(place)?;
        let name = random_name(DRAFT);
        let _gate = store.gate().map_err(io::Error::other)?;
        let file = new_file(&staged.spot.folder, &name)?;
        staged.draft = Some(Draft {
            name,
            is_folder: false,
            _lock: Lock::try_of(file.try_clone()?)?,
        });
        Ok(file)
    }

    fn new_one(&mut self, place: usize) -> io::Result<(&'a Store, &mut Staged)> {
        let staged = self.staged.get_mut(place);
        let staged = staged.filter(|staged| staged.draft.is_none());
        let staged = staged.ok_or(io::ErrorKind::AlreadyExists)?;
        Ok((self.store, staged))
    }

    /// Puts all of them in their places, or none.
    pub(crate) fn commit(mut self) -> Result<(), RestoreError> {
        let mut failure = None;
        let mut placed = 0;
        for staged in &mut self.staged {
            match staged.place() {
                Ok(()) => placed += 1,
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        let Some(failure) = failure else {
            return Ok(());
        };
        for staged in self.staged.iter_mut().take(placed) {
            staged.take_back();
        }
        Err(failure)
    }
}

impl Staged {
    /// Puts it in its place, where nothing but an empty folder may be.
    fn place(&mut self) -> Result<(), RestoreError> {
        let Some(draft) = &self.draft else {
            return Ok(());
        };
        let Spot { folder, name, path } = &self.spot;
        let result = if draft.is_folder {
            folder.rename(&draft.name, folder, name)
        } else {
            match self.spot.there() {
                Ok(There::EmptyFolder) => folder.remove_dir(name),
                other => other.map(drop),
            }
            // A rename would take the place of a file that has come meanwhile.
            .and_then(|()| folder.hard_link(&draft.name, folder, name))
        };
        let occupied = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::AlreadyExists
                    | io::ErrorKind::DirectoryNotEmpty
                    | io::ErrorKind::NotADirectory
            )
        };
        match result {
            Ok(()) => {
                if !draft.is_folder {
                    // The file has two names until then; the other one goes with the draft.
                    let _ = folder.remove_file(&draft.name);
                }
                self.draft = None;
                Ok(())
            }
            Err(error) if occupied(&error) => Err(RestoreError::Occupied { path: path.clone() }),
            Err(error) => Err(RestoreError::Write {
                path: path.clone(),
                error,
            }),
        }
    }

    /// Takes away what was put in its place, since another one could not be.
    fn take_back(&self) {
        let away = random_name(DRAFT);
        let Spot { folder, name, .. } = &self.spot;
        if folder.rename(name, folder, &away).is_ok() {
            let _ = remove_tree(folder, &away);
        }
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        for staged in &mut self.staged {
            if let Some(draft) = staged.draft.take() {
                let _ = remove_tree(&staged.spot.folder, &draft.name);
            }
        }
    }
}

/// Removes what killed programs left in a folder. What somebody fills is locked, from the moment on that the gate opens.
fn sweep(folder: &Dir) -> io::Result<()> {
    for entry in folder.entries()? {
        let Ok(name) = entry?.file_name().into_string() else {
            continue;
        };
        if !name.starts_with(DRAFT) {
            continue;
        }
        let opened = folder.open_with(&name, &reading());
        let held = opened.map(|file| Lock::try_of(file.into_std()));
        if !matches!(held, Ok(Ok(None))) {
            remove_tree(folder, &name)?;
        }
    }
    Ok(())
}

/// A new file that nobody else can read yet.
pub(crate) fn new_file(folder: &Dir, name: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .follow(FollowSymlinks::No);
    Ok(folder.open_with(name, &options)?.into_std())
}
