//! Groups of jobs of which one runs at a time, in this run and in all others of the project on this machine.
//!
//! Every job that comes takes a ticket: a file with the next number, locked by the job as long as it waits and runs. The
//! lowest ticket that somebody holds goes first, so nobody is passed over; whoever dies holds none. One that wants those
//! before it to end writes its number beside the tickets, where they look. Nothing has to be taken back: who comes later
//! has a higher one.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::past::is_held;
use crate::state::{key_of, lock_file, locked, private_folder, write_whole};

/// How often a waiting job looks whether it is its turn, and a running one whether it is to end: soon enough for people,
/// seldom enough to cost nothing.
const LOOK: Duration = Duration::from_millis(250);

/// What is written beside a group's tickets.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Tickets {
    /// The last one that was given.
    given: u64,
    /// The last one whose job wants all before it to end.
    ends_others: u64,
}

/// A job's place in its group; given back when it is dropped.
#[derive(Debug)]
struct Place {
    /// What is written of the tickets.
    tickets: PathBuf,
    /// The folder with the files of the tickets.
    queue: PathBuf,
    ticket: u64,
    /// Locked: somebody holds this ticket.
    _lock: File,
}

/// Held while a job of a group runs.
#[derive(Debug)]
pub(crate) struct Turn {
    place: Place,
}

/// Why a job has no turn.
#[derive(Debug)]
pub(crate) enum NoTurn {
    /// It was cancelled while it waited.
    Cancelled,
    /// A newer job of the group wants it to end.
    Superseded,
    /// The tickets can't be used.
    Io(io::Error),
}

/// Waits until no job of the group that came before runs or waits; `waiting` is told once where it has to wait. With
/// `ends_others` those that came before are to end.
pub(crate) async fn turn(
    project: &Path,
    group: &str,
    ends_others: bool,
    cancel: &CancellationToken,
    waiting: impl FnOnce() + Send,
) -> Result<Turn, NoTurn> {
    let folder = project.join("concurrency");
    let place = Place::take(&folder, group, ends_others).map_err(NoTurn::Io)?;
    let mut waiting = Some(waiting);
    loop {
        if place.is_first().map_err(NoTurn::Io)? {
            return Ok(Turn { place });
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
    fn take(folder: &Path, group: &str, ends_others: bool) -> io::Result<Self> {
        let key = key_of(group, group);
        let queue = folder.join(&key);
        private_folder(&queue)?;
        let tickets = folder.join(format!("{key}.json"));
        // Until this is dropped nobody else takes one: whoever has a ticket finds all lower ones locked.
        let _taking = locked(&folder.join(format!("{key}.tickets.lock")))?;
        let mut written: Tickets = match std::fs::read(&tickets) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Tickets::default(),
            Err(error) => return Err(error),
        };
        // Higher than any that is there, also where what was written is lost.
        let highest = numbers(&queue)?.max().unwrap_or(0).max(written.given);
        let ticket = highest.saturating_add(1);
        written.given = ticket;
        if ends_others {
            written.ends_others = ticket;
        }
        let lock = lock_file(&queue.join(ticket.to_string()))?;
        lock.lock()?;
        write_whole(&tickets, &serde_json::to_vec(&written)?)?;
        Ok(Self {
            tickets,
            queue,
            ticket,
            _lock: lock,
        })
    }

    /// Whether nobody holds a lower ticket. Those that nobody holds are removed.
    fn is_first(&self) -> io::Result<bool> {
        let mut first = true;
        for lower in numbers(&self.queue)?.filter(|number| *number < self.ticket) {
            let path = self.queue.join(lower.to_string());
            if is_held(&path) {
                first = false;
            } else {
                // Another one may have done so.
                let _ = std::fs::remove_file(path);
            }
        }
        Ok(first)
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

impl Drop for Place {
    fn drop(&mut self) {
        // What can't be removed is locked by nobody, and removed by the next one that looks.
        let _ = std::fs::remove_file(self.queue.join(self.ticket.to_string()));
    }
}

/// The numbers of the tickets in a folder.
fn numbers(queue: &Path) -> io::Result<impl Iterator<Item = u64>> {
    let entries = std::fs::read_dir(queue)?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
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

    #[tokio::test]
    async fn who_came_first_goes_first_and_the_dead_are_passed_over() {
        let project = tempfile::tempdir().unwrap();
        let go_on = CancellationToken::new();
        let order = std::sync::Mutex::new(Vec::new());
        let first = turn(project.path(), "g", false, &go_on, || {})
            .await
            .unwrap();
        let wait = async |number: u32, after: u32| {
            tokio::time::sleep(Duration::from_millis(20) * after).await;
            let turn = turn(project.path(), "g", false, &go_on, || {})
                .await
                .unwrap();
            order.lock().unwrap().push(number);
            // Whoever polls just now must not come before those that have waited longer.
            tokio::time::sleep(Duration::from_millis(30)).await;
            drop(turn);
        };
        let queue = std::fs::read_dir(project.path().join("concurrency")).unwrap();
        let mut queue = queue.flatten().map(|entry| entry.path());
        let queue = queue.find(|path| path.is_dir()).unwrap();
        let ends = async {
            tokio::time::sleep(LOOK).await;
            // One that was killed while it waited.
            std::fs::write(queue.join("0"), "").unwrap();
            drop(first);
        };
        let (_, _, _, ()) = tokio::join!(wait(1, 1), wait(2, 2), wait(3, 3), ends);
        assert_eq!(order.into_inner().unwrap(), [1, 2, 3]);
        assert_eq!(std::fs::read_dir(&queue).unwrap().count(), 0);
        // Where what was written is lost, tickets go on from those that are there.
        let held = turn(project.path(), "g", false, &go_on, || {})
            .await
            .unwrap();
        std::fs::remove_file(&held.place.tickets).unwrap();
        let later = Place::take(&project.path().join("concurrency"), "g", false).unwrap();
        assert!(later.ticket > held.place.ticket && !later.is_first().unwrap());
    }
}
