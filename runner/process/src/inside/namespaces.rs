//! Namespaces of its own: user, mount, process, network, IPC, host name, cgroup.

use std::fs;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use super::{At, Failure, capabilities};
use crate::error::SetupStage::Namespaces;

/// Enters new namespaces. The next child is process 1 of the new process namespace, and keeps the right to mount.
///
/// The user stays who it is: files that a script makes in the workspace belong to the caller, and no other user of the
/// machine can be become.
pub(super) fn enter() -> Result<(), Failure> {
    let (user, group) = (geteuid(), getegid());
    unshare(
        CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWCGROUP,
    )
    .at(Namespaces, || "unshare".to_owned())?;
    for (file, content) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("{user} {user} 1")),
        ("/proc/self/gid_map", format!("{group} {group} 1")),
    ] {
        fs::write(file, content).at(Namespaces, || file.to_owned())?;
    }
    capabilities::keep_for_init().at(Namespaces, || "capabilities of the namespace".to_owned())
}
