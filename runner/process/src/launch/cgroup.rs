//! A cgroup (v2) of a step's own, where one is delegated to the runner: memory, processes, and an end for all at once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::spec::Limits;

/// How often, and how long each time, a group is tried to be removed: its processes end a little later than they die.
const REMOVALS: u32 = 100;
const REMOVAL_PAUSE: Duration = Duration::from_millis(10);

/// Tells the groups of one runner apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder of the cgroup file system in which groups can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delegated {
    folder: PathBuf,
    controllers: Vec<String>,
}

impl Delegated {
    /// The one that this process is in, if it is delegated: its limits are passed on to groups below it. (The kernel
    /// allows that to a group without processes, and to the root; so a runner that is to limit memory is started in a
    /// leaf beside its steps: the parent is looked at as well.)
    pub(crate) fn find() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let mount = mount_point(&mounts)?;
        let group = mount.join(own);
        [Some(group.as_path()), group.parent()]
            .into_iter()
            .flatten()
            .filter(|folder| folder.starts_with(&mount))
            .find_map(Self::at)
    }

    fn at(folder: &Path) -> Option<Self> {
        let controllers: Vec<String> = fs::read_to_string(folder.join("cgroup.subtree_control"))
            .ok()?
            .split_ascii_whitespace()
            .filter(|name| matches!(*name, "memory" | "pids"))
            .map(str::to_owned)
            .collect();
        let delegated = Self {
            folder: folder.to_owned(),
            controllers,
        };
        if delegated.controllers.is_empty() {
            return None;
        }
        // Whether a group can be made is found by making one.
        let trial = delegated.name("trial");
        fs::create_dir(&trial).ok()?;
        fs::remove_dir(&trial).ok()?;
        Some(delegated)
    }

    /// A name that no other runner and no other step has.
    fn name(&self, what: &str) -> PathBuf {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        self.folder
            .join(format!("capstep-{what}-{process}-{number}"))
    }

    /// The controllers that groups below it have, of those that matter here.
    pub(crate) fn controllers(&self) -> &[String] {
        &self.controllers
    }

    /// Whether it limits memory.
    pub(crate) fn limits_memory(&self) -> bool {
        self.controllers.iter().any(|name| name == "memory")
    }

    /// Whether it limits processes.
    pub(crate) fn limits_processes(&self) -> bool {
        self.controllers.iter().any(|name| name == "pids")
    }

    /// Makes a group with a step's limits.
    pub(crate) fn make(&self, limits: &Limits) -> io::Result<Group> {
        let group = Group(self.name("step"));
        fs::create_dir(&group.0)?;
        if self.limits_processes() {
            group.set("pids.max", &limits.processes.to_string())?;
        }
        if let (true, Some(memory)) = (self.limits_memory(), limits.memory) {
            group.set("memory.max", &memory.to_string())?;
            // All of a step or nothing of it: half a build is no build. (Swap and this switch may be missing.)
            let _ = group.set("memory.swap.max", "0");
            let _ = group.set("memory.oom.group", "1");
        }
        Ok(group)
    }
}

/// The place where version 2 is mounted.
fn mount_point(mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        (kind.split(' ').next()? == "cgroup2").then_some(())?;
        Some(PathBuf::from(mount.split(' ').nth(4)?))
    })
}

/// A step's group. Everything in it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Group(PathBuf);

impl Group {
    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        fs::write(self.0.join(file), value)
            .map_err(|error| io::Error::new(error.kind(), format!("{file}: {error}")))
    }

    /// Puts a process (and all that it will start) into the group.
    pub(crate) fn add(&self, process: u32) -> io::Result<()> {
        self.set("cgroup.procs", &process.to_string())
    }

    /// The peak of memory of all together, where it is counted.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        fs::read_to_string(self.0.join("memory.peak"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Kernels before 5.14 have no such file; the inside part has ended everything by then anyway.
        let _ = self.set("cgroup.kill", "1");
        for _ in 0..REMOVALS {
            match fs::remove_dir(&self.0) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                    thread::sleep(REMOVAL_PAUSE);
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_is_found() {
        let table = "25 1 0:22 / /sys rw - sysfs sysfs rw\n\
            30 25 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
            31 25 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
        assert_eq!(mount_point(table), Some("/sys/fs/cgroup/unified".into()));
        assert_eq!(mount_point("30 25 0:26 / /x rw - cgroup cgroup rw"), None);
    }

    /// The files of a group, in an ordinary folder: what is written where.
    #[test]
    fn limits_are_written() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("cgroup.subtree_control"),
            "cpu memory pids\n",
        )
        .unwrap();
        let delegated = Delegated::at(folder.path()).unwrap();
        assert_eq!(delegated.controllers(), ["memory", "pids"]);
        let limits = Limits {
            processes: 7,
            memory: Some(1 << 20),
            ..Limits::default()
        };
        let group = delegated.make(&limits).unwrap();
        group.add(12).unwrap();
        let read = |file: &str| fs::read_to_string(group.0.join(file)).unwrap();
        assert_eq!(read("pids.max"), "7");
        assert_eq!(read("memory.max"), "1048576");
        assert_eq!(read("cgroup.procs"), "12");
        fs::write(group.0.join("memory.peak"), "4096\n").unwrap();
        assert_eq!(group.peak_memory(), Some(4096));
        fs::write(folder.path().join("cgroup.subtree_control"), "cpu\n").unwrap();
        assert_eq!(Delegated::at(folder.path()), None);
    }
}
