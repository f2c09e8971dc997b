//! What is being made: under a name that says so, locked as long as its maker lives.

use std::fs::{File, TryLockError};
use std::io;

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt as _, OpenOptions, OpenOptionsExt as _};

use super::open::Store;
use super::tree;
use super::{DRAFT, RECORD};
use crate::entry::hexadecimal;
use crate::error::StoreError;
use crate::handle;

/// A lock that is held until it is dropped, also by the system where the program dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Of a folder that was opened; waits for nobody.
    pub(crate) fn of_folder(dir: &Dir) -> io::Result<Option<Self>> {
        Self::try_of(handle::of(dir)?)
    }

    /// The same, of a file or a folder.
    pub(crate) fn try_of(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Of a file that is there to be locked; waits for others, who hold it for moments.
    pub(super) fn of_file(dir: &Dir, name: &str) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options
            .append(true)
            .create(true)
            .mode(0o600)
            .follow(FollowSymlinks::No);
        let file = dir.open_with(name, &options)?.into_std();
        file.lock()?;
        Ok(Self { _file: file })
    }
}

/// A name like no other.
pub(crate) fn random_name(start: &str) -> String {
    let mut random = [0; 8];
    // Without randomness a name that is taken is an error, and no more.
    let _ = getrandom::fill(&mut random);
    format!("{start}{}", hexadecimal(&random))
}

/// An entry that is being made. Dropped before it is kept, it is removed.
pub(super) struct Draft<'a> {
    store: &'a Store,
    name: String,
    pub(super) dir: Dir,
    _lock: Option<Lock>,
    kept: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(store: &'a Store) -> Result<Self, StoreError> {
        let io = |error| store.io(error);
        let name = random_name(DRAFT);
        let _gate = store.gate()?;
        store
            .dir
            .create_dir_with(&name, DirBuilder::new().mode(0o700))
            .map_err(io)?;
        let dir = store.dir.open_dir_nofollow(&name).map_err(io)?;
        let lock = Lock::of_folder(&dir).map_err(io)?;
        Ok(Self {
            store,
            name,
            dir,
            _lock: lock,
            kept: false,
        })
    }

    /// A new file in it, that nobody else can read.
    pub(super) fn file(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .follow(FollowSymlinks::No);
        Ok(self.dir.open_with(name, &options)?.into_std())
    }

    /// Puts it in its place. False: an entry of this name is there already, and stays.
    pub(super) fn keep(mut self, name: &str) -> io::Result<bool> {
        match self.store.dir.rename(&self.name, &self.store.dir, name) {
            Ok(()) => {
                self.kept = true;
                Ok(true)
            }
            // A folder takes the place of an empty one alone, and no entry is empty.
            Err(_)
                if self
                    .store
                    .dir
                    .symlink_metadata(format!("{name}/{RECORD}"))
                    .is_ok() =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.kept {
            // Where it can't be removed, `gc` finds it without a lock.
            let _ = tree::remove(&self.store.dir, &self.name);
        }
    }
}
