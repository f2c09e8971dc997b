//! The way to a store, and to all of them.

use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;

use super::draft::Lock;
use super::private::Private;
use crate::error::StoreError;

/// The folder of all stores, in the program's own.
const CACHES: &str = "caches";

/// The lock of the moment in which a draft is made and locked, beside the projects' folders.
const GATE: &str = "gate.lock";

/// Which runs a store is of. Neither kind reads what the other has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Of what the project's own people wrote.
    Trusted,
    /// Of what somebody else wrote: a fork's pull request.
    Untrusted,
}

impl Trust {
    const ALL: [Self; 2] = [Self::Trusted, Self::Untrusted];

    fn folder(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Untrusted => "untrusted",
        }
    }
}

/// The entries of one project that one kind of runs has made.
#[derive(Debug)]
pub struct Store {
    pub(super) dir: Dir,
    pub(super) path: PathBuf,
    /// The folder of all stores.
    all: Dir,
}

impl Store {
    /// Opens a store in the program's own cache folder; what is missing is made, with the mode 0700.
    ///
    /// # Errors
    /// A folder on the way belongs to somebody else, can be used by others, or is none.
    pub fn open(root: &Path, project: &str, trust: Trust) -> Result<Self, StoreError> {
        let missing = |path: &Path| StoreError::Io {
            path: path.to_owned(),
            error: io::ErrorKind::NotFound.into(),
        };
        let root = Private::at(root, true)?.ok_or_else(|| missing(root))?;
        let all = below(&root, CACHES)?;
        let project = below(&all, project)?;
        let store = below(&project, trust.folder())?;
        Self::of(&all.dir, store)
    }

    /// All stores in the program's own cache folder, with their projects' keys. One that can't be used is left out: it is
    /// nobody's to clear.
    ///
    /// # Errors
    /// The folder of all stores can't be used.
    pub fn all(root: &Path) -> Result<Vec<Self>, StoreError> {
        let Some(root) = Private::at(root, false)? else {
            return Ok(Vec::new());
        };
        let Some(all) = root.folder(CACHES, false)? else {
            return Ok(Vec::new());
        };
        let io = |error| StoreError::Io {
            path: all.path.clone(),
            error,
        };
        let mut names = Vec::new();
        for entry in all.dir.entries().map_err(io)? {
            names.extend(entry.map_err(io)?.file_name().into_string());
        }
        names.sort_unstable();
        let mut stores = Vec::new();
        for name in names {
            let Ok(Some(project)) = all.folder(&name, false) else {
                continue;
            };
            for trust in Trust::ALL {
                if let Ok(Some(store)) = project.folder(trust.folder(), false) {
                    stores.push(Self::of(&all.dir, store)?);
                }
            }
        }
        Ok(stores)
    }

    fn of(all: &Dir, store: Private) -> Result<Self, StoreError> {
        let Private { dir, path } = store;
        match all.try_clone() {
            Ok(all) => Ok(Self { dir, path, all }),
            Err(error) => Err(StoreError::Io { path, error }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Held while a draft is made and locked, and by whoever looks for drafts without a lock.
    pub(crate) fn gate(&self) -> Result<Lock, StoreError> {
        Lock::of_file(&self.all, GATE).map_err(|error| self.io(error))
    }

    pub(super) fn io(&self, error: io::Error) -> StoreError {
        StoreError::Io {
            path: self.path.clone(),
            error,
        }
    }
}

fn below(folder: &Private, name: &str) -> Result<Private, StoreError> {
    folder.folder(name, true)?.ok_or_else(|| StoreError::Io {
        path: folder.path.join(name),
        error: io::ErrorKind::NotFound.into(),
    })
}
