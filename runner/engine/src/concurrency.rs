//! Groups of jobs of which one runs at a time, in this run and in all others of the project on this machine.
//!
//! A group is a locked file: whoever dies leaves no lock. A job that wants the one that runs to end writes its name
//! beside it, where that one looks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::state::{key_of, private_folder, write_whole};

/// How often a waiting job looks whether it is its turn, and a running one whether it is to end: soon enough for people,
/// seldom enough to cost nothing.
const LOOK: Duration = Duration::from_millis(250);

/// Held while a job of a group runs.
pub(crate) struct Turn {
    _lock: File,
    asks: PathBuf,
    me: String,
}

/// Why a job has no turn.
#[derive(Debug)]
pub(crate) enum NoTurn {
    /// It was cancelled while it waited.
    Cancelled,
    /// The lock can't be used.
    Io(io::Error),
}

/// Waits until no other job of the group runs. `me` is unlike any other job; `waiting` is told once where it has to wait;
/// with `ask` the job that runs is asked to end.
pub(crate) async fn turn(
    project: &Path,
    group: &str,
    me: &str,
    ask: bool,
    cancel: &CancellationToken,
    waiting: impl FnOnce() + Send,
) -> Result<Turn, NoTurn> {
    let folder = project.join("concurrency");
    private_folder(&folder).map_err(NoTurn::Io)?;
    let key = key_of(group, group);
    let asks = folder.join(format!("{key}.ask"));
    let lock = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(folder.join(format!("{key}.lock")))
        .map_err(NoTurn::Io)?;
    let mut waiting = Some(waiting);
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(NoTurn::Io(error)),
        }
        if let Some(waiting) = waiting.take() {
            waiting();
            if ask {
                write_whole(&asks, me.as_bytes()).map_err(NoTurn::Io)?;
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return Err(NoTurn::Cancelled),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    let turn = Turn {
        _lock: lock,
        asks,
        me: me.to_owned(),
    };
    // What this job itself asked for has happened.
    if turn.asked_by().as_deref() == Some(me) {
        let _ = std::fs::remove_file(&turn.asks);
    }
    Ok(turn)
}

impl Turn {
    /// Who asks this job to end.
    fn asked_by(&self) -> Option<String> {
        std::fs::read_to_string(&self.asks).ok()
    }

    /// Ends when another job asks this one to end; never otherwise.
    pub(crate) async fn is_asked_to_end(&self) {
        loop {
            if self.asked_by().is_some_and(|by| by != self.me) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_the_newest_where_it_asks() {
        let project = tempfile::tempdir().unwrap();
        let cancel = CancellationToken::new();
        let take = async |me: &str, ask: bool, told: &AtomicBool| {
            let tell = || told.store(true, Ordering::Relaxed);
            turn(project.path(), "deploy", me, ask, &cancel, tell).await
        };
        let told = AtomicBool::new(false);
        let first = take("a", false, &told).await.unwrap();
        assert!(!told.load(Ordering::Relaxed));
        // Another group is another lock.
        let other = turn(project.path(), "other", "x", false, &cancel, || {}).await;
        assert!(other.is_ok());
        // The second asks the first to end, and has its turn when that has.
        let second = async {
            let second = take("b", true, &told).await.unwrap();
            assert!(told.load(Ordering::Relaxed));
            second
        };
        let ending = async {
            first.is_asked_to_end().await;
            drop(first);
        };
        let (second, ()) = tokio::join!(second, ending);
        // Nobody asks the second.
        let asked = tokio::time::timeout(LOOK * 3, second.is_asked_to_end()).await;
        assert!(asked.is_err());
        // Who is cancelled while it waits has no turn.
        cancel.cancel();
        let third = turn(project.path(), "deploy", "c", false, &cancel, || {}).await;
        assert!(matches!(third, Err(NoTurn::Cancelled)));
    }
}
