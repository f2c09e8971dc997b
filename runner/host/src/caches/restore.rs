//! Paths brought back before a job's first step.

use std::future::Future;
use std::io;
use std::sync::Arc;

use capstep_caches::{Found, Match, RestoreError, Spot, Store};
use serde_json::json;

use super::guard::Guard;
use super::record::{Recorder, failed};
use super::work::work;
use super::{Caches, JobAct, JobCache};
use crate::protocol::ErrorKind;

const VERB: &str = "cache/restore";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// The paths are as they were kept.
    Hit {
        /// The key that they were kept under.
        key: String,
        /// Whether that is the key itself.
        exact: bool,
        /// The paths that there was something of.
        paths: Vec<String>,
        /// How many files, folders and links there are.
        files: u64,
        /// How many bytes the files have.
        bytes: u64,
    },
    /// Nothing was brought back.
    Miss {
        /// Why, where it is not only that nothing is kept.
        reason: Option<String>,
        /// Whether that is something to look at, and not as it should be.
        is_odd: bool,
        /// Whether something was at the paths already.
        occupied: bool,
    },
}

impl Caches {
    /// Brings back what is kept under the key, or a fallback key, where nothing is at the paths. `found` is told of an entry
    /// before it is unpacked, with its key and the bytes of its files. Ends early, with nothing brought back, where `end` comes about.
    ///
    /// # Errors
    /// The journal can't be written.
    pub async fn restore(
        &self,
        act: &JobAct,
        cache: &JobCache,
        end: impl Future<Output = ()>,
        told: impl FnOnce(&str, u64) + Send,
    ) -> io::Result<Restored> {
        let recorder = Recorder::new(self, act, cache, VERB);
        let (store, found) = match self.looked_up(cache).await? {
            Ok(Some(found)) => found,
            Ok(None) => {
                recorder.looked(Ok(json!({ "found": null })))?;
                return Ok(Restored::Miss {
                    reason: None,
                    is_odd: false,
                    occupied: false,
                });
            }
            Err(no) => {
                recorder.looked(Err(failed(no.kind, &no.message)))?;
                return Ok(no.into_miss());
            }
        };
        told(&found.entry.key, found.entry.bytes);
        recorder.intend()?;
        let entry = found.entry.clone();
        let exact = found.matched == Match::Exact;
        // The folders on the way are made only now: before the intent nothing is changed.
        let restored = match self.spots(cache, true) {
            Ok(spots) => {
                let guard = self.guard();
                let unpack = move |stop: &_| store.restore(&found, spots, &guard, stop);
                let restored = work(end, unpack).await?;
                restored.map_err(|error| No {
                    kind: kind_of(&error),
                    message: error.to_string(),
                })
            }
            Err(message) => Err(No {
                kind: ErrorKind::Internal,
                message,
            }),
        };
        match restored {
            Ok(()) => {
                recorder.conclude(Ok(json!({
                    "found": entry.key,
                    "exact": exact,
                    "paths": entry.held,
                    "made-by": entry.run,
                    "files": entry.files,
                    "bytes": entry.bytes,
                    "sha256": entry.sha256,
                })))?;
                Ok(Restored::Hit {
                    key: entry.key,
                    exact,
                    paths: entry.held,
                    files: entry.files,
                    bytes: entry.bytes,
                })
            }
            Err(no) => {
                recorder.conclude(Err(failed(no.kind, &no.message)))?;
                Ok(no.into_miss())
            }
        }
    }

    /// The entry that is meant, where nothing is at the paths.
    async fn looked_up(
        &self,
        cache: &JobCache,
    ) -> io::Result<Result<Option<(Arc<Store>, Found)>, No>> {
        let internal = |message| No {
            kind: ErrorKind::Internal,
            message,
        };
        let spots = match self.spots(cache, false) {
            Ok(spots) => spots,
            Err(message) => return Ok(Err(internal(message))),
        };
        let store = match self.store() {
            Ok(store) => store,
            Err(message) => return Ok(Err(internal(message))),
        };
        let wanted = cache.wanted.clone();
        // Short work: a look at some paths, and at most a thousand small files.
        work(std::future::pending(), move |_| {
            if let Some(path) = occupied(&spots).map_err(|error| internal(error.to_string()))? {
                return Err(No {
                    kind: ErrorKind::Conflict,
                    message: format!("`{path}` is there already and stays as it is"),
                });
            }
            let found = store.find(&wanted);
            let found = found.map_err(|error| internal(error.to_string()))?;
            Ok(found.map(|found| (store, found)))
        })
        .await
    }

    pub(super) fn guard(&self) -> Guard {
        Guard {
            workspace: Arc::clone(&self.workspace),
            sealed: Arc::clone(&self.sealed),
        }
    }
}

/// Why nothing was brought back.
struct No {
    kind: ErrorKind,
    message: String,
}

impl No {
    fn into_miss(self) -> Restored {
        Restored::Miss {
            // That somebody's own files are there, or that the job ended early, is as it should be.
            is_odd: !matches!(self.kind, ErrorKind::Conflict | ErrorKind::Cancelled),
            occupied: self.kind == ErrorKind::Conflict,
            reason: Some(self.message),
        }
    }
}

/// The first path where something is.
fn occupied(spots: &[Spot]) -> io::Result<Option<&str>> {
    for spot in spots {
        if !spot.is_free()? {
            return Ok(Some(&spot.path));
        }
    }
    Ok(None)
}

fn kind_of(error: &RestoreError) -> ErrorKind {
    match error {
        RestoreError::Store(_) | RestoreError::Write { .. } => ErrorKind::Internal,
        RestoreError::Damaged(_) => ErrorKind::Invalid,
        RestoreError::Occupied { .. } => ErrorKind::Conflict,
        RestoreError::Stopped => ErrorKind::Cancelled,
    }
}
