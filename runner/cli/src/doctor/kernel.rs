//! What the kernel offers for keeping processes apart. Plugins need none of it: they run in a sandbox of their own.

use std::fs;
use std::path::Path;

use super::Check;
use crate::context::Context;

const PART: &str = "kernel";

pub(super) fn checks(_: &Context) -> Vec<Check> {
    let release = read("/proc/sys/kernel/osrelease");
    if release.is_empty() {
        return Vec::new();
    }
    vec![
        Check::good(PART, "release", release),
        offered(
            "landlock",
            read("/sys/kernel/security/lsm")
                .split(',')
                .any(|module| module == "landlock"),
        ),
        offered(
            "seccomp",
            Path::new("/proc/sys/kernel/seccomp/actions_avail").exists(),
        ),
        offered(
            "user namespaces",
            read("/proc/sys/user/max_user_namespaces")
                .parse()
                .is_ok_and(|most: u64| most > 0),
        ),
        offered(
            "cgroup 2",
            Path::new("/sys/fs/cgroup/cgroup.controllers").exists(),
        ),
    ]
}

fn offered(name: &'static str, there: bool) -> Check {
    if there {
        Check::good(PART, name, "offered")
    } else {
        Check::note(PART, name, "not offered, or not to be seen from here")
    }
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}
