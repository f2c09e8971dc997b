//! Limits of resources.

use std::fs;
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::utsname::uname;

use crate::spec::Limits;

/// The first kernel on which `pid_max` belongs to a process namespace. On an older one it is the whole machine's.
const OWN_PID_MAX: (u32, u32) = (6, 14);
/// Process numbers below this one are given only once (`RESERVED_PIDS`), so they do not count.
const RESERVED_PIDS: u64 = 300;

/// Applies the limits of each process. None is raised.
pub(super) fn apply(limits: &Limits) -> nix::Result<()> {
    lower(Resource::RLIMIT_NPROC, limits.processes)?;
    lower(Resource::RLIMIT_NOFILE, limits.open_files)?;
    lower(Resource::RLIMIT_FSIZE, limits.file_size)?;
    // One byte, not none: where cores are piped to a program, the kernel ignores a limit of 0 and heeds this one.
    lower(Resource::RLIMIT_CORE, 1)
}

fn lower(resource: Resource, limit: u64) -> nix::Result<()> {
    let (_, ceiling) = getrlimit(resource)?;
    let limit = limit.min(ceiling);
    setrlimit(resource, limit, limit)
}

/// Limits the processes of the namespace whose `/proc` is mounted at `proc`. It counts what `RLIMIT_NPROC` does not: the
/// processes of a runner that is root.
///
/// Whether it could be done: kernels before 6.14 have one number for the whole machine, which is not ours to change.
pub(super) fn limit_namespace(proc: &Path, processes: u64) -> bool {
    let own = uname().is_ok_and(|name| {
        version_of(&name.release().to_string_lossy()).is_some_and(|version| version >= OWN_PID_MAX)
    });
    let limit = processes.saturating_add(RESERVED_PIDS);
    own && fs::write(proc.join("sys/kernel/pid_max"), limit.to_string()).is_ok()
}

fn version_of(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(version_of("6.18.44-fc"), Some((6, 18)));
        assert_eq!(version_of("5.4-generic"), Some((5, 4)));
        assert_eq!(version_of("6"), None);
        assert_eq!(version_of(""), None);
    }
}
