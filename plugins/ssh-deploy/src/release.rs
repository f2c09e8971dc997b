//! All or nothing: `current` is switched when everything has worked, and stays as it was otherwise.

use capstep_sdk::Failure;
use capstep_sdk::log::Log;
use capstep_sdk::ssh::Ssh;

use crate::outputs::HostResult;

/// Does `work` in a new release. What it fails with is told after the new release is removed.
pub(crate) fn within<H: Ssh + Log>(
    host: &H,
    session: &H::Session,
    result: &mut HostResult,
    work: impl FnOnce(&mut HostResult) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let target = result.target.clone();
    let begun = host.begin_release(session, "/release").map_err(|error| {
        Failure::from(error).while_doing(format_args!("{target}: making the release"))
    })?;
    host.info(format_args!("new release {}", begun.name));
    let outcome = work(result).and_then(|()| {
        host.commit_release(session).map_err(|error| {
            Failure::from(error).while_doing(format_args!("{target}: switching to the release"))
        })
    });
    match outcome {
        Ok(committed) => {
            let before = committed
                .previous
                .as_deref()
                .map(|name| format!(", before {name}"))
                .unwrap_or_default();
            host.info(format_args!("current is {}{before}", committed.name));
            if !committed.pruned.is_empty() {
                host.info(format_args!("removed {}", committed.pruned.join(", ")));
            }
            result.release = Some(committed.name);
            result.previous = committed.previous;
            result.pruned = committed.pruned;
            Ok(())
        }
        Err(failure) => {
            undo(host, session, &begun.name);
            Err(failure)
        }
    }
}

/// Best effort: the failure that made it necessary is the one to tell.
fn undo<H: Ssh + Log>(host: &H, session: &H::Session, name: &str) {
    match host.abort_release(session) {
        Ok(_) => host.warn(format_args!("removed release {name}; current is as it was")),
        Err(error) => host.error(format_args!(
            "release {name} could not be removed: {error}; current is as it was"
        )),
    }
}
