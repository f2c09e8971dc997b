//! Uploads: the host reads the designated files and puts them where their siblings say.

use std::sync::Arc;

use capstep_grants::bind::RoleKind;
use capstep_grants::check::{Act, Permit};
use capstep_grants::manifest::Access;
use capstep_ssh::UploadRequest;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::deletion::{self, Deletion, MAX_DELETE};
use super::error;
use super::gather::{Gathered, Task, gather};
use super::login::{OpenRelease, SshLogin};
use super::selection::Selection;
use crate::fault::Fault;
use crate::ops::Outcome;
use crate::protocol::{Answer, ErrorKind, Level, Progress, Transfer, Uploaded};
use crate::step::{Meta, Shared};
use crate::verbs::roles;
use crate::verbs::wrong_permit;

/// How many of the files are named in the journal; all of them are counted.
const NAMED_IN_JOURNAL: usize = 100;

pub(super) fn upload(
    shared: &Arc<Shared>,
    meta: Meta,
    login: Arc<SshLogin>,
    transfers: Vec<Transfer>,
) -> Result<Answer, Fault> {
    let mut tasks = Vec::new();
    for transfer in &transfers {
        let act = Act::SshUpload {
            target: &login.target,
            source: &transfer.source,
            destination: &transfer.destination,
        };
        let Permit::Transfer {
            local,
            root,
            remote,
        } = shared.permit(&act)?
        else {
            return wrong_permit();
        };
        let written = shared
            .authority
            .bound
            .values
            .pointer(&transfer.destination)
            .and_then(Value::as_str);
        let into_folder = written.is_some_and(|text| text.ends_with('/') || text == ".");
        let lists = [RoleKind::Exclude, RoleKind::Include]
            .map(|kind| roles::role_texts(shared, kind, &local));
        let [exclude, include] = &lists;
        let selection = Selection::new(exclude, include)
            .map_err(|message| Fault::error(ErrorKind::Invalid, message))?;
        let delete = limit_of_deletion(shared, &login, transfer)?;
        tasks.push(Task {
            source: local,
            root,
            remote,
            into_folder,
            selection: Arc::new(selection),
            delete,
        });
    }
    let mut pointers = vec![login.target.as_str()];
    pointers.extend(
        tasks
            .iter()
            .flat_map(|task| [task.source.as_str(), task.remote.grant.as_str()]),
    );
    let meta = meta.under(shared.grants(&pointers));
    let handle = shared.start(meta, move |shared, reporter, _| async move {
        // While it fills a release, nothing may switch to it or remove it.
        let _change = match login.release() {
            Some(_) => Some(login.change().await),
            None => None,
        };
        let release = login.release();
        let gathering = {
            let (shared, release) = (Arc::clone(&shared), release.clone());
            tokio::task::spawn_blocking(move || gather(&shared, &tasks, release.as_ref()))
        };
        let gathered = gathering
            .await
            .map_err(|_| Fault::error(ErrorKind::Internal, "reading the files was broken off"))??;
        let Gathered {
            mut request,
            kept,
            deletions,
            selections,
        } = gathered;
        request.release = release.as_ref().map(|open| open.release.clone());
        let unlisted = look(Arc::clone(&login), deletions, selections, request).await?;
        let (request, unlisted) = unlisted;
        let (sender, mut receiver) = mpsc::channel::<capstep_ssh::UploadProgress>(1);
        let progress = reporter.clone();
        let telling = async move {
            while let Some(told) = receiver.recv().await {
                let total = Some(told.total);
                progress.progress(Progress {
                    what: "uploading".to_owned(),
                    done: told.sent,
                    total,
                });
            }
        };
        let (report, ()) = tokio::join!(send(Arc::clone(&login), request, sender), telling);
        let report = report?;
        if let Some(mut open) = release {
            // The release began as a copy of the one before: what the project no longer has must not live on in it.
            open.kept.extend(kept);
            prune(Arc::clone(&login), open).await?;
        }
        say_resumed(&shared, &login, report.resumed);
        let removed = deletion::remove(&shared, &login, &unlisted).await?;
        let named: Vec<&String> = report.uploaded.iter().take(NAMED_IN_JOURNAL).collect();
        let summary = json!({
            "uploaded": report.uploaded.len(), "unchanged": report.skipped, "bytes": report.bytes,
            "resumed": report.resumed, "files": named, "removed": removed,
        });
        let uploaded = Uploaded {
            unchanged: u32::try_from(report.skipped).unwrap_or(u32::MAX),
            bytes: report.bytes,
            files: report.uploaded,
        };
        Ok((Outcome::Uploaded(uploaded), summary))
    })?;
    Ok(Answer::Handle(handle))
}

/// Sends the files. A future of its own, like [`prune`]: within a larger one the compiler can't tell that it may move
/// between threads.
fn send(
    login: Arc<SshLogin>,
    request: UploadRequest,
    progress: mpsc::Sender<capstep_ssh::UploadProgress>,
) -> std::pin::Pin<Box<dyn Future<Output = Result<capstep_ssh::UploadReport, Fault>> + Send>> {
    Box::pin(async move {
        let report = login.session.upload(request, Some(progress)).await;
        report.map_err(|error| error::fault(error, &login.target))
    })
}

/// Finds what is to be removed in the end; a future of its own, like [`send`].
#[allow(clippy::type_complexity)]
fn look(
    login: Arc<SshLogin>,
    deletions: Vec<Deletion>,
    selections: Vec<(String, Arc<Selection>)>,
    request: UploadRequest,
) -> std::pin::Pin<
    Box<dyn Future<Output = Result<(UploadRequest, Vec<capstep_ssh::Unlisted>), Fault>> + Send>,
> {
    Box::pin(async move {
        let unlisted = deletion::find(&login, &deletions, &selections, &request).await?;
        Ok((request, unlisted))
    })
}

/// Says how much of the large files was not sent, since the plugin's own line has what was.
fn say_resumed(shared: &Shared, login: &SshLogin, bytes: u64) {
    const MIB: u64 = 1024 * 1024;
    if bytes > 0 {
        let label = roles::label(shared, &login.target)
            .map(|label| format!("{label}: "))
            .unwrap_or_default();
        let size = format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB);
        shared.voice.line(
            Level::Info,
            &format!("{label}went on with an upload that was cut: {size} were there already"),
        );
    }
}

/// Whether a transfer may remove what its source has not, and how much of it at once.
fn limit_of_deletion(
    shared: &Shared,
    login: &SshLogin,
    transfer: &Transfer,
) -> Result<Option<usize>, Fault> {
    let granted = shared.authority.bound.grants.iter().any(|grant| {
        grant.pointer == transfer.destination && grant.access.contains(&Access::Delete)
    });
    if !granted {
        return Ok(None);
    }
    let act = Act::SshDelete {
        target: &login.target,
        source: &transfer.source,
        destination: &transfer.destination,
    };
    let Permit::Transfer { remote, .. } = shared.permit(&act)? else {
        return wrong_permit();
    };
    // A new release has nothing but what is uploaded anyway.
    if !remote.path.starts_with('/') {
        return Ok(None);
    }
    let limit = roles::role_count(shared, RoleKind::MaxDelete, &transfer.destination)?;
    Ok(Some(limit.unwrap_or(MAX_DELETE)))
}

/// Takes out of a release what is not part of it.
fn prune(
    login: Arc<SshLogin>,
    open: OpenRelease,
) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>> {
    Box::pin(async move {
        let pruned = login.session.prune_extra(&open.release, &open.kept).await;
        pruned.map_err(|error| error::fault(error, &login.target))?;
        login.set_release(Some(open));
        Ok(())
    })
}
