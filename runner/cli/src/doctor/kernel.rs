//! What the kernel offers for keeping processes apart, and whether scripts (`run:`) are kept in by it: that is tried, with
//! a script that does nothing. Plugins need none of it: they run in a sandbox of their own.

use std::fs;
use std::path::Path;

use capstep_process::{Features, Host, features};

use super::Check;
use crate::context::Context;
use crate::directories;

const PART: &str = "kernel";

pub(super) fn checks(context: &Context) -> Vec<Check> {
    let release = read("/proc/sys/kernel/osrelease");
    if release.is_empty() {
        return Vec::new();
    }
    vec![
        Check::good(PART, "release", release),
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
    .into_iter()
    .chain(scripts(context))
    .collect()
}

/// What is in force around a script on this machine.
fn scripts(context: &Context) -> Vec<Check> {
    const NAME: &str = "scripts";
    let found = match tried(context) {
        Ok(found) => found,
        Err(error) => {
            return vec![Check::note(
                PART,
                NAME,
                format!("they can't be tried: {error}"),
            )];
        }
    };
    let kept_in = match (&found.starts, &found.namespaces) {
        (Err(why), _) => return vec![Check::note(PART, NAME, format!("refused: {why}"))],
        (Ok(()), Err(why)) => Check::note(
            PART,
            NAME,
            format!("{}, without namespaces: {why}", enforced(&found)),
        )
        .hint(WITHOUT_NAMESPACES),
        (Ok(()), Ok(())) => Check::good(PART, NAME, format!("{}, namespaces", enforced(&found))),
    };
    vec![kept_in, limits(&found)]
}

/// What does not start where the kernel gives no namespaces: what only a mount or a network namespace can guard.
const WITHOUT_NAMESPACES: &str = "refused here: a script with a network, in a folder with sealed files, or that may \
     change the folder of `.git` and the pipeline (as one without `reads` and `writes` may)";

/// How much a script can take.
fn limits(found: &Features) -> Check {
    const NAME: &str = "script limits";
    let cgroup = match found.cgroup_controllers.as_slice() {
        [] => "no delegated cgroup".to_owned(),
        controllers => format!("a delegated cgroup for {}", controllers.join(", ")),
    };
    if found.process_limit {
        return Check::good(
            PART,
            NAME,
            format!("number of processes, open files, file sizes; {cgroup}"),
        );
    }
    Check::note(
        PART,
        NAME,
        format!("open files, file sizes, but not the number of processes; {cgroup}"),
    )
}

fn enforced(found: &Features) -> String {
    let landlock = match found.landlock_abi {
        0 => "no landlock".to_owned(),
        abi => format!("landlock {abi}"),
    };
    format!("{landlock}, a filter of system calls")
}

fn tried(context: &Context) -> std::io::Result<Features> {
    let on = directories::scripts(&context.environment);
    let folder = tempfile::tempdir_in(&on.scratch)?;
    let host = Host {
        program: on.program,
        scratch: on.scratch,
        upstream: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(features(&host, folder.path())))
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
