//! Process groups that run, so that none outlives the servers.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The groups of all commands that run now.
#[derive(Debug, Default)]
pub(crate) struct Groups(Mutex<HashSet<Pid>>);

impl Groups {
    /// Takes note of a process that leads a group of its own.
    pub(super) fn enter(&self, leader: Pid) -> Entered<'_> {
        self.lock().insert(leader);
        Entered {
            groups: self,
            leader,
        }
    }

    /// Kills every process of every group.
    pub(crate) fn kill_all(&self) {
        for leader in self.lock().drain() {
            let _ = killpg(leader, Signal::SIGKILL);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Pid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A group that runs. Dropped before [`Entered::ended`], it is killed.
pub(super) struct Entered<'a> {
    groups: &'a Groups,
    leader: Pid,
}

impl Entered<'_> {
    /// Asks the group to end.
    pub(super) fn terminate(&self) {
        let _ = killpg(self.leader, Signal::SIGTERM);
    }

    /// The leader has been waited for: its number may belong to somebody else from now on.
    pub(super) fn ended(self) {
        self.groups.lock().remove(&self.leader);
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if self.groups.lock().remove(&self.leader) {
            let _ = killpg(self.leader, Signal::SIGKILL);
        }
    }
}
