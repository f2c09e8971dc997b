//! Entries and leftovers removed.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use cap_fs_ext::DirExt as _;
use cap_std::fs::MetadataExt as _;

use super::draft::{Lock, random_name};
use super::open::Store;
use super::{CONTENT, DRAFT, REMOVED, tree};
use crate::error::StoreError;
use crate::limits::{MAX_ENTRIES, MAX_STORE_BYTES, MAX_UNUSED};
use crate::surplus::{Weighed, surplus};

/// How much stays in a store.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// So many bytes of archives.
    pub bytes: u64,
    /// So many entries.
    pub entries: usize,
    /// Those that were used within that time.
    pub unused: Duration,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            bytes: MAX_STORE_BYTES,
            entries: MAX_ENTRIES,
            unused: MAX_UNUSED,
        }
    }
}

/// What can go.
#[derive(Debug, Clone)]
pub struct Surplus {
    /// What it is.
    pub kind: SurplusKind,
    /// Where it is.
    pub path: PathBuf,
    name: String,
}

/// What it is that can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SurplusKind {
    /// An entry.
    Entry,
    /// What a program that was killed left of one.
    Leftover,
}

impl Store {
    /// What can go: entries that can't be read, those that nobody used for long, and those that were used longest ago until
    /// the others are as many as stay. And, where that is asked for, what killed programs left.
    ///
    /// # Errors
    /// The store can't be read.
    pub fn surplus(&self, kept: &Kept, leftovers: bool) -> Result<Vec<Surplus>, StoreError> {
        let mut gone = Vec::new();
        let mut entries = Vec::new();
        for name in self.names()? {
            match self.entry(name.clone()) {
                Some(found) => entries.push(Weighed {
                    // What is on the disk counts, whatever the record says.
                    bytes: self.size_of(&name),
                    used: found.used().unwrap_or(SystemTime::UNIX_EPOCH),
                    name: found.name().to_owned(),
                }),
                None => gone.push(self.found(SurplusKind::Entry, name)),
            }
        }
        let more = surplus(entries, kept, SystemTime::now());
        gone.extend(
            more.into_iter()
                .map(|name| self.found(SurplusKind::Entry, name)),
        );
        if leftovers {
            let leftovers = self.leftovers()?.into_iter();
            gone.extend(leftovers.map(|name| self.found(SurplusKind::Leftover, name)));
        }
        Ok(gone)
    }

    /// Removes what can go.
    ///
    /// # Errors
    /// It can't be removed. What is gone already is no error.
    pub fn clear(&self, surplus: &Surplus) -> io::Result<()> {
        match surplus.kind {
            SurplusKind::Entry => self.remove(&surplus.name),
            SurplusKind::Leftover => tree::remove(&self.dir, &surplus.name),
        }
    }

    /// Removes an entry: at once by name, so that nobody finds a part of it.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        let away = random_name(REMOVED);
        match self.dir.rename(name, &self.dir, &away) {
            Ok(()) => tree::remove(&self.dir, &away),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Folders that were being removed, and those that were being filled and that nobody holds.
    fn leftovers(&self) -> Result<Vec<String>, StoreError> {
        let io = |error| self.io(error);
        let _gate = self.gate()?;
        let mut found = Vec::new();
        for entry in self.dir.entries().map_err(io)? {
            let Ok(name) = entry.map_err(io)?.file_name().into_string() else {
                continue;
            };
            if name.starts_with(REMOVED) || (name.starts_with(DRAFT) && !self.is_held(&name)) {
                found.push(name);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Whether somebody fills a folder. Looking takes its lock for a moment.
    fn is_held(&self, name: &str) -> bool {
        let Ok(dir) = self.dir.open_dir_nofollow(name) else {
            return false;
        };
        matches!(Lock::of_folder(&dir), Ok(None))
    }

    fn size_of(&self, name: &str) -> u64 {
        let content = self.dir.symlink_metadata(format!("{name}/{CONTENT}"));
        content.map_or(0, |content| content.size())
    }

    fn found(&self, kind: SurplusKind, name: String) -> Surplus {
        Surplus {
            kind,
            path: self.path.join(&name),
            name,
        }
    }
}
