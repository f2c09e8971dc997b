//! Paths kept after a job's last step.

use std::future::Future;
use std::io;

use capstep_caches::{SaveError, Saved};
use serde_json::json;

use super::record::{Recorder, failed};
use super::work::work;
use super::{Caches, JobAct, JobCache};
use crate::protocol::ErrorKind;

const VERB: &str = "cache/save";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is kept now.
    Made {
        /// The paths that there was something of.
        paths: Vec<String>,
        /// How many files, folders and links there are.
        files: u64,
        /// How many bytes the files have.
        bytes: u64,
        /// How many other entries had to go for it.
        removed: usize,
    },
    /// Something is kept under the key already, and stays.
    ThereAlready,
    /// It is not kept.
    No(NotKept, String),
}

/// Why something is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKept {
    /// A file of it holds secrets: a mistake of the pipeline.
    Secret,
    /// Nothing of it is there.
    Absent,
    /// The job's end came first.
    Stopped,
    /// Anything else: something to look at, and no reason to fail.
    Other,
}

impl Caches {
    /// Keeps what is at the paths under the key. Ends early, with nothing kept, where `end` comes about.
    ///
    /// # Errors
    /// The journal can't be written.
    pub async fn save(
        &self,
        act: &JobAct,
        cache: &JobCache,
        end: impl Future<Output = ()>,
    ) -> io::Result<Kept> {
        let recorder = Recorder::new(self, act, cache, VERB);
        let store = match self.store() {
            Ok(store) => store,
            Err(message) => {
                recorder.looked(Err(failed(ErrorKind::Internal, &message)))?;
                return Ok(Kept::No(NotKept::Other, message));
            }
        };
        if store.has(&cache.wanted) {
            recorder.looked(Ok(json!({ "kept": false, "there": true })))?;
            return Ok(Kept::ThereAlready);
        }
        let spots = match self.spots(cache, false) {
            Ok(spots) if spots.is_empty() => {
                Err((NotKept::Absent, "nothing of it is there".to_owned()))
            }
            Ok(spots) => Ok(spots),
            Err(message) => Err((NotKept::Other, message)),
        };
        let spots = match spots {
            Ok(spots) => spots,
            Err((why, message)) => {
                recorder.looked(Err(failed(ErrorKind::NotFound, &message)))?;
                return Ok(Kept::No(why, message));
            }
        };
        recorder.intend()?;
        let guard = self.guard();
        let (wanted, run) = (cache.wanted.clone(), act.actor.run.clone());
        let saved = work(end, move |stop| {
            store.save(&wanted, &spots, &guard, &run, stop)
        })
        .await?;
        match saved {
            Ok(Saved::Made { entry, removed }) => {
                recorder.conclude(Ok(json!({
                    "kept": true,
                    "paths": entry.held,
                    "files": entry.files,
                    "bytes": entry.bytes,
                    "size": entry.size,
                    "sha256": entry.sha256,
                    "removed": removed,
                })))?;
                Ok(Kept::Made {
                    paths: entry.held,
                    files: entry.files,
                    bytes: entry.bytes,
                    removed,
                })
            }
            Ok(Saved::ThereAlready) => {
                recorder.conclude(Ok(json!({ "kept": false, "there": true })))?;
                Ok(Kept::ThereAlready)
            }
            Err(error) => {
                let (why, kind) = reason(&error);
                recorder.conclude(Err(failed(kind, &error)))?;
                Ok(Kept::No(why, error.to_string()))
            }
        }
    }
}

fn reason(error: &SaveError) -> (NotKept, ErrorKind) {
    match error {
        SaveError::Secret { .. } => (NotKept::Secret, ErrorKind::Invalid),
        SaveError::Absent => (NotKept::Absent, ErrorKind::NotFound),
        SaveError::Stopped => (NotKept::Stopped, ErrorKind::Cancelled),
        SaveError::TooMuch(_) => (NotKept::Other, ErrorKind::TooLarge),
        SaveError::Refused { .. } => (NotKept::Other, ErrorKind::Unsupported),
        SaveError::Store(_) | SaveError::Read { .. } | SaveError::Write(_) => {
            (NotKept::Other, ErrorKind::Internal)
        }
    }
}
