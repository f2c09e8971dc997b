//! Ending what a step left running, where no process namespace does it.

use std::fs;
use std::io;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// Kills all children until there are none. Orphans become children of this process, which is their reaper, so that
/// double forks and sessions of their own do not help.
pub(super) fn end_all() -> io::Result<()> {
    let own = Pid::this();
    loop {
        for child in children_of(own)? {
            // It may have ended by itself.
            let _ = kill(child, Signal::SIGKILL);
        }
        // Those that were killed are reaped here, and their children become ours.
        match waitpid(None, None) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status.pid().is_some())
        {
        }
    }
}

/// The processes whose parent is `parent`, from `/proc`.
fn children_of(parent: Pid) -> io::Result<Vec<Pid>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        // A process may end while it is looked at.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
            continue;
        };
        if parent_in(&stat) == Some(parent.as_raw()) {
            children.push(Pid::from_raw(id));
        }
    }
    Ok(children)
}

/// The parent in a line of `/proc/PID/stat`: the second word after the name, which is in brackets and may hold any
/// character.
fn parent_in(stat: &str) -> Option<i32> {
    let (_, after) = stat.rsplit_once(')')?;
    after.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents() {
        assert_eq!(parent_in("12 (a) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in("12 (a) S 3 (b) R 8 1"), Some(8));
        assert_eq!(parent_in("12 (a"), None);
        assert!(
            children_of(Pid::from_raw(0))
                .unwrap()
                .contains(&Pid::from_raw(1))
        );
    }
}
