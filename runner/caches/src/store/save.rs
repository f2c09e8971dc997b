//! Entries made.

use std::io::Write as _;

use super::clear::Kept;
use super::draft::Draft;
use super::open::Store;
use super::{CONTENT, RECORD};
use crate::archive::pack;
use crate::entry::{Entry, Wanted};
use crate::error::SaveError;
use crate::gate::Gate;
use crate::spot::Spot;
use crate::stop::Stop;

/// What came of saving.
#[derive(Debug)]
pub enum Saved {
    /// It is kept now.
    Made {
        /// What is known of it.
        entry: Entry,
        /// How many others had to go for it.
        removed: usize,
    },
    /// Something is kept under the key already, and stays: another run was first.
    ThereAlready,
}

impl Store {
    /// Keeps what is at these spots under the key, for the run of that id. Of spots where nothing is there is nothing in the
    /// entry.
    ///
    /// # Errors
    /// Nothing is kept then.
    pub fn save(
        &self,
        wanted: &Wanted,
        spots: &[Spot],
        gate: &dyn Gate,
        run: &str,
        stop: &Stop,
    ) -> Result<Saved, SaveError> {
        if self.has(wanted) {
            return Ok(Saved::ThereAlready);
        }
        let draft = Draft::new(self)?;
        let content = draft.file(CONTENT).map_err(SaveError::Write)?;
        let archive = pack(content, spots, gate, stop)?;
        let entry = Entry::new(wanted, run, archive);
        let record = serde_json::to_vec_pretty(&entry);
        let record = record.map_err(|error| SaveError::Write(error.into()))?;
        // Not synced to the disk: what a crash cuts is seen by its digest, and then it is as if it had not been saved.
        draft
            .file(RECORD)
            .and_then(|mut file| file.write_all(&record))
            .map_err(SaveError::Write)?;
        let name = wanted.name();
        // What has the name and is no entry of it can't be read: it makes room.
        if self.entry(name.clone()).is_none() {
            self.remove(&name).map_err(|error| self.io(error))?;
        }
        if !draft.keep(&name).map_err(SaveError::Write)? {
            return Ok(Saved::ThereAlready);
        }
        let mut removed = 0;
        for surplus in self.surplus(&Kept::default(), false)? {
            // One that can't be removed is tried again by the next run.
            removed += usize::from(self.clear(&surplus).is_ok());
        }
        Ok(Saved::Made { entry, removed })
    }
}
