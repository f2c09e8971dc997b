//! All or nothing: `current` is switched when everything has worked, and stays as it was otherwise.

use capstep_sdk::log::{Level, Log};
use capstep_sdk::ssh::{Released, Ssh};
use capstep_sdk::{Error, Failure};

use crate::host::Deployment;
use crate::outputs::HostResult;

/// Does the work in a new release. What it fails with is told after the new release is removed.
pub(crate) async fn within<H: Ssh + Log>(
    deployment: &Deployment<'_, H>,
    session: &H::Session,
    result: &mut HostResult,
) -> Result<(), Failure> {
    let host = deployment.host;
    let target = result.target.clone();
    let begun = ended(deployment, host.start_begin_release(session, "/release"))
        .await
        .map_err(|error| {
            Failure::from(error).while_doing(format_args!("{target}: making the release"))
        })?;
    deployment.info(format_args!("new release {}", begun.name));
    let outcome = match deployment.work(session, result).await {
        Ok(()) => ended(deployment, host.start_commit_release(session))
            .await
            .map_err(|error| {
                Failure::from(error).while_doing(format_args!("{target}: switching to the release"))
            }),
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(committed) => {
            let before = committed
                .previous
                .as_deref()
                .map(|name| format!(", before {name}"))
                .unwrap_or_default();
            deployment.info(format_args!("current is {}{before}", committed.name));
            if !committed.pruned.is_empty() {
                deployment.info(format_args!("removed {}", committed.pruned.join(", ")));
            }
            result.release = Some(committed.name);
            result.previous = committed.previous;
            result.pruned = committed.pruned;
            Ok(())
        }
        Err(failure) => {
            undo(deployment, session, &begun.name).await;
            Err(failure)
        }
    }
}

/// Best effort: the failure that made it necessary is the one to tell.
async fn undo<H: Ssh + Log>(deployment: &Deployment<'_, H>, session: &H::Session, name: &str) {
    match ended(deployment, deployment.host.start_abort_release(session)).await {
        Ok(_) => deployment.say(
            Level::Warn,
            format_args!("removed release {name}; current is as it was"),
        ),
        Err(error) => deployment.say(
            Level::Error,
            format_args!("release {name} could not be removed: {error}; current is as it was"),
        ),
    }
}

/// What an operation on a release did.
async fn ended<H: Ssh + Log>(
    deployment: &Deployment<'_, H>,
    started: Result<H::Op, Error>,
) -> Result<Released, Error> {
    let op = deployment.together.finish(started?, |_| {}).await?;
    deployment.host.released(&op)
}
