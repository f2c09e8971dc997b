//! Entries found and brought back.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::time::SystemTime;

use cap_fs_ext::DirExt as _;
use cap_std::fs::Dir;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::open::Store;
use super::{CONTENT, RECORD};
use crate::archive::unpack;
use crate::entry::{Entry, Wanted, hexadecimal};
use crate::error::{RestoreError, StoreError};
use crate::gate::Gate;
use crate::limits::{CHUNK, MAX_RECORD};
use crate::lookup::{Dated, Match, lookup};
use crate::reading::reading;
use crate::spot::{Spot, There};
use crate::staging::Staging;
use crate::stop::Stop;

/// An entry that was found, held so that it stays whole although somebody removes it.
#[derive(Debug)]
pub struct Found {
    /// What is known of it.
    pub entry: Entry,
    /// How it was found.
    pub matched: Match,
    name: String,
    dir: Dir,
}

impl Dated for Entry {
    fn key(&self) -> &str {
        &self.key
    }

    fn created(&self) -> Timestamp {
        self.created
    }
}

impl Store {
    /// The entry that is meant by a key and its fallbacks.
    ///
    /// # Errors
    /// The store can't be read. An entry that can't be is none.
    pub fn find(&self, wanted: &Wanted) -> Result<Option<Found>, StoreError> {
        if let Some(found) = self.entry(wanted.name()) {
            return Ok(Some(found));
        }
        if wanted.fallback_keys.is_empty() {
            return Ok(None);
        }
        let mut entries = Vec::new();
        for name in self.names()? {
            // Not held open: there may be more of them than a program may have open files.
            let entry = self.entry(name).map(|found| found.entry);
            entries.extend(entry.filter(|entry| entry.paths == wanted.paths()));
        }
        let found = lookup(&entries, &wanted.key, &wanted.fallback_keys);
        Ok(found.and_then(|(place, matched)| {
            let entry = entries.swap_remove(place);
            // One that is gone meanwhile is none.
            let found = self.entry(entry.name())?;
            Some(Found { matched, ..found })
        }))
    }

    /// Whether something is kept under the key itself.
    pub fn has(&self, wanted: &Wanted) -> bool {
        self.entry(wanted.name()).is_some()
    }

    /// The names of all entries.
    pub(super) fn names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for entry in self.dir.entries().map_err(|error| self.io(error))? {
            let name = entry.map_err(|error| self.io(error))?.file_name();
            names.extend(
                name.into_string()
                    .ok()
                    .filter(|name| !name.starts_with('.')),
            );
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The entry of a name; none where it is not there or can't be read.
    pub(super) fn entry(&self, name: String) -> Option<Found> {
        let dir = self.dir.open_dir_nofollow(&name).ok()?;
        let mut record = Vec::new();
        let file = open(&dir, RECORD).ok()?;
        file.take(MAX_RECORD).read_to_end(&mut record).ok()?;
        Some(Found {
            entry: Entry::parse(&record, &name)?,
            matched: Match::Exact,
            name,
            dir,
        })
    }

    /// Brings an entry back, each path whole or not at all, and notes that it was used. A damaged entry is removed: the next
    /// run makes it anew.
    ///
    /// # Errors
    /// The workspace is as it was then.
    pub fn restore(
        &self,
        found: &Found,
        spots: Vec<Spot>,
        gate: &dyn Gate,
        stop: &Stop,
    ) -> Result<(), RestoreError> {
        for spot in &spots {
            let write = |error| RestoreError::Write {
                path: spot.path.clone(),
                error,
            };
            if spot.there().map_err(write)? == There::Something {
                return Err(RestoreError::Occupied {
                    path: spot.path.clone(),
                });
            }
        }
        let restored = self.unpacked(found, spots, gate, stop);
        match &restored {
            Ok(()) => found.note_use(),
            Err(RestoreError::Damaged(_)) => {
                let _ = self.remove(&found.name);
            }
            Err(_) => {}
        }
        restored
    }

    fn unpacked(
        &self,
        found: &Found,
        spots: Vec<Spot>,
        gate: &dyn Gate,
        stop: &Stop,
    ) -> Result<(), RestoreError> {
        let archive = found.checked(stop)?;
        let mut staging = Staging::new(self, spots)?;
        unpack(archive, &mut staging, gate, stop)?;
        staging.commit()
    }
}

impl Found {
    /// The archive, after its digest was checked. It is read twice, since nothing of it is believed before; the second time
    /// it comes from the system's memory, as far as that is large enough.
    fn checked(&self, stop: &Stop) -> Result<File, RestoreError> {
        let damaged = |error: io::Error| RestoreError::Damaged(error.to_string());
        let mut file = open(&self.dir, CONTENT).map_err(damaged)?;
        let mut digest = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        let mut size = 0;
        loop {
            if stop.is_stopped() {
                return Err(RestoreError::Stopped);
            }
            let count = file.read(&mut chunk).map_err(damaged)?;
            match chunk.get(..count) {
                Some(bytes) if count > 0 => digest.update(bytes),
                _ => break,
            }
            size += count as u64;
        }
        if size != self.entry.size || hexadecimal(&digest.finalize()) != self.entry.sha256 {
            return Err(RestoreError::Damaged(
                "its digest is another one than when it was saved".to_owned(),
            ));
        }
        file.rewind().map_err(damaged)?;
        Ok(file)
    }

    /// Notes that it was used now. That is the time of its record, whose text never changes.
    fn note_use(&self) {
        if let Ok(file) = open(&self.dir, RECORD) {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// When it was used last, or made.
    pub(super) fn used(&self) -> Option<SystemTime> {
        open(&self.dir, RECORD)
            .ok()?
            .metadata()
            .ok()?
            .modified()
            .ok()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// A file of an entry; nothing else in its place.
fn open(dir: &Dir, name: &str) -> io::Result<File> {
    let file = dir.open_with(name, &reading())?.into_std();
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no ordinary file"));
    }
    Ok(file)
}
