//! Releases: a new folder, an atomic switch, an undo. Once begun on the server each of these runs to its end, whoever
//! stops waiting for it.

use std::sync::Arc;

use capstep_grants::bind::RoleKind;
use capstep_grants::check::{Act, Permit};
use serde_json::{Value, json};

use super::error;
use super::login::{OpenRelease, SshLogin};
use crate::fault::Fault;
use crate::ops::Outcome;
use crate::protocol::{Answer, ErrorKind, Level, Released};
use crate::step::{Meta, Shared};
use crate::verbs::{roles, wrong_permit};

/// How many releases are kept where the pipeline says nothing.
const KEEP: usize = 5;

pub(super) fn begin(
    shared: &Arc<Shared>,
    meta: Meta,
    login: Arc<SshLogin>,
    release: &str,
) -> Result<Answer, Fault> {
    let Permit::Remote(permit) = shared.permit(&Act::SshRelease {
        target: &login.target,
        release,
    })?
    else {
        return wrong_permit();
    };
    let paths = roles::role_texts(shared, RoleKind::Shared, release);
    let meta = meta.under(shared.grants(&[&login.target, &permit.grant]));
    let name = release_name(&shared.actor.run);
    let handle = shared.start(meta, move |_, _, _| {
        finish(async move {
            let _change = login.change().await;
            if login.release().is_some() {
                return Err(Fault::error(
                    ErrorKind::Conflict,
                    "a release was begun on this login already",
                ));
            }
            let open = login
                .session
                .begin_release(&permit.path, &name, &paths)
                .await
                .map_err(|error| error::fault(error, &permit.grant))?;
            login.set_release(Some(OpenRelease {
                release: open,
                pointer: permit.grant,
                kept: Vec::new(),
            }));
            let released = Released {
                name: name.clone(),
                previous: None,
                pruned: Vec::new(),
            };
            Ok((Outcome::Released(released), json!({ "release": name })))
        })
    })?;
    Ok(Answer::Handle(handle))
}

pub(super) fn commit(
    shared: &Arc<Shared>,
    meta: Meta,
    login: Arc<SshLogin>,
) -> Result<Answer, Fault> {
    let (open, meta) = opened(shared, meta, &login)?;
    let keep = roles::role_count(shared, RoleKind::Keep, &open.pointer)?.unwrap_or(KEEP);
    let handle = shared.start(meta, move |shared, _, _| {
        finish(async move {
            let _change = login.change().await;
            still(&login, &open)?;
            let report = login
                .session
                .commit_release(&open.release, keep)
                .await
                .map_err(|error| error::fault(error, &open.pointer))?;
            login.set_release(None);
            for warning in &report.warnings {
                shared.voice.message(Level::Warn, warning);
            }
            let released =
                Released { name: open.release.name.clone(), previous: report.previous, pruned: report.pruned };
            let summary = json!({
                "release": released.name, "previous": released.previous, "pruned": released.pruned.len(),
            });
            Ok((Outcome::Released(released), summary))
        })
    })?;
    Ok(Answer::Handle(handle))
}

pub(super) fn abort(
    shared: &Arc<Shared>,
    meta: Meta,
    login: Arc<SshLogin>,
) -> Result<Answer, Fault> {
    let (open, meta) = opened(shared, meta, &login)?;
    let handle = shared.start(meta, move |_, _, _| {
        finish(async move {
            let _change = login.change().await;
            still(&login, &open)?;
            login
                .session
                .abort_release(&open.release)
                .await
                .map_err(|error| error::fault(error, &open.pointer))?;
            login.set_release(None);
            let released = Released {
                name: open.release.name.clone(),
                previous: None,
                pruned: Vec::new(),
            };
            Ok((
                Outcome::Released(released),
                json!({ "removed": open.release.name }),
            ))
        })
    })?;
    Ok(Answer::Handle(handle))
}

/// The release that was begun, still permitted.
fn opened(shared: &Shared, meta: Meta, login: &SshLogin) -> Result<(OpenRelease, Meta), Fault> {
    let open = login
        .release()
        .ok_or_else(|| Fault::error(ErrorKind::Invalid, "no release was begun on this login"))?;
    shared.permit(&Act::SshRelease {
        target: &login.target,
        release: &open.pointer,
    })?;
    let meta = meta.under(shared.grants(&[&login.target, &open.pointer]));
    Ok((open, meta))
}

/// Whether the release is still the one that was begun: another operation may have finished it while this one waited.
fn still(login: &SshLogin, open: &OpenRelease) -> Result<(), Fault> {
    match login.release() {
        Some(now) if now.release.path == open.release.path => Ok(()),
        _ => Err(Fault::error(
            ErrorKind::Conflict,
            "the release was finished by another operation",
        )),
    }
}

/// Lets the work run to its end even where the operation is cancelled meanwhile.
async fn finish(
    work: impl Future<Output = Result<(Outcome, Value), Fault>> + Send + 'static,
) -> Result<(Outcome, Value), Fault> {
    tokio::spawn(work).await.unwrap_or_else(|_| {
        Err(Fault::error(
            ErrorKind::Internal,
            "the release broke off in the host",
        ))
    })
}

/// Sortable by time, and unlike any other: the moment and the run's own number.
fn release_name(run: &str) -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
    let tail: String = run
        .chars()
        .rev()
        .filter(char::is_ascii_alphanumeric)
        .take(6)
        .collect();
    format!("{now}-{tail}")
}
