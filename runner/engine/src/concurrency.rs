//! Groups of jobs of which one runs at a time, in this run and in all others of the project on this machine.
//!
//! A group is a locked file: whoever dies leaves no lock. Every job that comes takes a ticket, and one that wants those
//! before it to end writes its ticket beside the lock, where they look. Nothing has to be taken back: who comes later
//! has a higher one.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::state::{key_of, lock_file, locked, private_folder, write_whole};

/// How often a waiting job looks whether it is its turn, and a running one whether it is to end: soon enough for people,
/// seldom enough to cost nothing.
const LOOK: Duration = Duration::from_millis(250);

/// What is written beside a group's lock.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Tickets {
    /// The last one that was given.
    given: u64,
    /// The last one whose job wants all before it to end.
    ends_others: u64,
}

/// A job's place in its group.
struct Place {
    tickets: PathBuf,
    ticket: u64,
}

/// Held while a job of a group runs.
pub(crate) struct Turn {
    _lock: File,
    place: Place,
}

/// Why a job has no turn.
#[derive(Debug)]
pub(crate) enum NoTurn {
    /// It was cancelled while it waited.
    Cancelled,
    /// A newer job of the group wants it to end.
    Superseded,
    /// The lock can't be used.
    Io(io::Error),
}

/// Waits until no other job of the group runs; `waiting` is told once where it has to wait. With `ends_others` the jobs of
/// the group that are there already are to end, those that wait too.
pub(crate) async fn turn(
    project: &Path,
    group: &str,
    ends_others: bool,
    cancel: &CancellationToken,
    waiting: impl FnOnce() + Send,
) -> Result<Turn, NoTurn> {
    let folder = project.join("concurrency");
    private_folder(&folder).map_err(NoTurn::Io)?;
    let key = key_of(group, group);
    let place = Place::take(&folder, &key, ends_others).map_err(NoTurn::Io)?;
    let lock = lock_file(&folder.join(format!("{key}.lock"))).map_err(NoTurn::Io)?;
    let mut waiting = Some(waiting);
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Turn { _lock: lock, place }),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(NoTurn::Io(error)),
        }
        if let Some(waiting) = waiting.take() {
            waiting();
        }
        if place.is_to_end() {
            return Err(NoTurn::Superseded);
        }
        tokio::select! {
            () = cancel.cancelled() => return Err(NoTurn::Cancelled),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Place {
    fn take(folder: &Path, key: &str, ends_others: bool) -> io::Result<Self> {
        let tickets = folder.join(format!("{key}.json"));
        let _lock = locked(&folder.join(format!("{key}.tickets.lock")))?;
        let mut written: Tickets = match std::fs::read(&tickets) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Tickets::default(),
            Err(error) => return Err(error),
        };
        written.given += 1;
        let ticket = written.given;
        if ends_others {
            written.ends_others = ticket;
        }
        write_whole(&tickets, &serde_json::to_vec(&written)?)?;
        Ok(Self { tickets, ticket })
    }

    /// Whether a newer job wants this one to end. The file is replaced whole, so it is never half there.
    fn is_to_end(&self) -> bool {
        let written = std::fs::read(&self.tickets);
        let tickets = written
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        tickets.is_some_and(|tickets: Tickets| tickets.ends_others > self.ticket)
    }
}

impl Turn {
    /// Ends when a newer job of the group wants this one to end; never otherwise.
    pub(crate) async fn is_to_end(&self) {
        while !self.place.is_to_end() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Whether a job is told to end within a few looks.
    async fn is_told(turn: &Turn) -> bool {
        tokio::time::timeout(LOOK * 3, turn.is_to_end())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn one_at_a_time_and_the_newest_where_it_says_so() {
        let project = tempfile::tempdir().unwrap();
        let go_on = CancellationToken::new();
        let told = AtomicBool::new(false);
        let take = async |group: &str, ends_others: bool, cancel: &CancellationToken| {
            let tell = || told.store(true, Ordering::Relaxed);
            turn(project.path(), group, ends_others, cancel, tell).await
        };
        let first = take("deploy", false, &go_on).await.unwrap();
        assert!(!told.load(Ordering::Relaxed));
        // Another group is another lock.
        assert!(take("other", false, &go_on).await.is_ok());
        // Who is cancelled while it waits has no turn, and ends nobody.
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        let none = take("deploy", false, &cancelled).await;
        assert!(matches!(none, Err(NoTurn::Cancelled)));
        assert!(told.load(Ordering::Relaxed) && !is_told(&first).await);
        // The newest ends the one that runs and the one that waits, and has its turn when that has ended.
        let waits = take("deploy", false, &go_on);
        let newest = async {
            tokio::time::sleep(LOOK).await;
            take("deploy", true, &go_on).await.unwrap()
        };
        let ending = async {
            first.is_to_end().await;
            // Long enough for the one that waits to look.
            tokio::time::sleep(LOOK * 3).await;
            drop(first);
        };
        let (waits, newest, ()) = tokio::join!(waits, newest, ending);
        assert!(matches!(waits, Err(NoTurn::Superseded)));
        assert!(!is_told(&newest).await);
        drop(newest);
        // One that wanted others to end and is gone ends none that come later.
        let held = take("deploy", false, &go_on).await.unwrap();
        let gone = take("deploy", true, &cancelled).await;
        assert!(matches!(gone, Err(NoTurn::Cancelled)));
        assert!(is_told(&held).await);
        drop(held);
        let later = take("deploy", false, &go_on).await.unwrap();
        assert!(!is_told(&later).await);
    }
}
