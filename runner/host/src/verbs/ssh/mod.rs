//! `ssh`: logins, scripts, transfers and releases on designated targets.
//!
//! `login` opens a session from what the manifest's sinks and roles say, `script` runs the pipeline's text, `upload`
//! and `remote` move files (`gather` lists what goes, `local` is one of these files, `selection` what is left out,
//! `deletion` what is removed), `release` makes and switches releases, `error` folds what went wrong.

mod deletion;
mod error;
mod gather;
mod local;
mod login;
mod release;
mod remote;
mod script;
mod selection;
mod upload;

pub(crate) use login::SshLogin;

use std::sync::Arc;

use super::{another, misrouted, outcome};
use crate::fault::Fault;
use crate::ops::Outcome;
use crate::protocol::{Answer, Call};
use crate::step::{Meta, Shared};

pub(crate) async fn call(shared: &Arc<Shared>, meta: Meta, call: Call) -> Result<Answer, Fault> {
    match call {
        Call::SshConnect { target } => login::connect(shared, meta, target),
        Call::SshSession { op } => match outcome(shared, op)? {
            Outcome::Login(login) => Ok(Answer::Handle(shared.table.insert_login(login)?)),
            _ => another("a login"),
        },
        Call::SshRun {
            this,
            script,
            options,
        } => script::run(shared, meta, shared.table.login(this)?, script, options),
        Call::SshExec {
            this,
            command,
            options,
        } => script::exec(shared, meta, shared.table.login(this)?, &command, options),
        Call::SshUpload { this, transfers } => {
            upload::upload(shared, meta, shared.table.login(this)?, transfers)
        }
        Call::SshDownload {
            this,
            source,
            destination,
        } => remote::download(
            shared,
            meta,
            shared.table.login(this)?,
            &source,
            destination,
        ),
        Call::SshStat { this, path, entry } => {
            remote::stat(shared, meta, shared.table.login(this)?, &path, &entry)
        }
        Call::SshBeginRelease { this, release } => {
            release::begin(shared, meta, shared.table.login(this)?, &release)
        }
        Call::SshCommitRelease { this } => release::commit(shared, meta, shared.table.login(this)?),
        Call::SshAbortRelease { this } => release::abort(shared, meta, shared.table.login(this)?),
        Call::SshDrop { this } => {
            if let Some(login) = shared.table.remove_login(this) {
                login.close().await;
            }
            Ok(Answer::Nothing)
        }
        Call::SshExit { op } => match outcome(shared, op)? {
            Outcome::Exit(exit) => Ok(Answer::Exit(exit)),
            _ => another("a script or command"),
        },
        Call::SshUploaded { op } => match outcome(shared, op)? {
            Outcome::Uploaded(uploaded) => Ok(Answer::Uploaded(uploaded)),
            _ => another("an upload or download"),
        },
        Call::SshFound { op } => match outcome(shared, op)? {
            Outcome::Found(found) => Ok(Answer::Found(found)),
            _ => another("a look at a remote path"),
        },
        Call::SshReleased { op } => match outcome(shared, op)? {
            Outcome::Released(released) => Ok(Answer::Released(released)),
            _ => another("a release"),
        },
        _ => misrouted(),
    }
}
