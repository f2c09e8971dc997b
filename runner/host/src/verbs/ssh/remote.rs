//! Looking at remote paths, and fetching files from them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use capstep_grants::check::{Act, Permit, RemotePermit};
use capstep_ssh::RemoteKind;
use serde_json::json;
use tokio::io::AsyncWrite;

use super::error;
use super::login::SshLogin;
use crate::fault::Fault;
use crate::files::Place;
use crate::ops::Outcome;
use crate::protocol::{Answer, ErrorKind, RemoteStat, Uploaded};
use crate::step::{Meta, Shared};
use crate::verbs::files::file_fault;
use crate::verbs::wrong_permit;

/// The largest file fetched: a database dump fits, an endless device doesn't.
const DOWNLOAD_LIMIT: u64 = 64 * 1024 * 1024 * 1024;

/// The absolute form of a permitted remote path, and of the designated one that it must stay within.
fn absolute(login: &SshLogin, permit: &RemotePermit) -> Result<(String, String), Fault> {
    if permit.path.starts_with('/') {
        return Ok((permit.path.clone(), permit.root.clone()));
    }
    match login.release() {
        Some(open) if permit.release.as_deref() == Some(open.pointer.as_str()) => {
            let at = |path: &str| format!("{}/{path}", open.release.path);
            Ok((at(&permit.path), at(&permit.root)))
        }
        _ => Err(Fault::error(
            ErrorKind::Invalid,
            format!(
                "`{}` is relative to a release, and none was begun",
                permit.path
            ),
        )),
    }
}

pub(super) fn stat(
    shared: &Arc<Shared>,
    meta: Meta,
    login: Arc<SshLogin>,
    path: &str,
    entry: &str,
) -> Result<Answer, Fault> {
    let Permit::Remote(permit) = shared.permit(&Act::SshStat {
        target: &login.target,
        path,
        entry,
    })?
    else {
        return wrong_permit();
    };
    let (absolute, within) = absolute(&login, &permit)?;
    let meta = meta.under(shared.grants(&[&login.target, &permit.grant]));
    let handle = shared.start(meta, move |_, _, _| async move {
        let found = login
            .session
            .link_stat_within(&absolute, &within)
            .await
            .map_err(|error| error::fault(error, &permit.grant))?;
        let found = found.map(|stat| RemoteStat {
            size: stat.size,
            mode: stat.mode,
            folder: stat.kind == RemoteKind::Directory,
            link: stat.kind == RemoteKind::Symlink,
        });
        Ok((
            Outcome::Found(found.clone()),
            json!({ "found": found.is_some() }),
        ))
    })?;
    Ok(Answer::Handle(handle))
}

pub(super) fn download(
    shared: &Arc<Shared>,
    meta: Meta,
    login: Arc<SshLogin>,
    source: &str,
    destination: String,
) -> Result<Answer, Fault> {
    let act = Act::SshDownload {
        target: &login.target,
        source,
        destination: &destination,
    };
    let Permit::Transfer { root, remote, .. } = shared.permit(&act)? else {
        return wrong_permit();
    };
    let (absolute, within) = absolute(&login, &remote)?;
    let meta = meta.under(shared.grants(&[&login.target, &remote.grant, &destination]));
    let fault = |error| file_fault(error, &destination, root.as_str());
    let place = Place::create(&shared.workspace, &root, &root).map_err(fault)?;
    let pending = place.pending(0o600).map_err(fault)?;
    let name = place.name();
    let handle = shared.start(meta, move |_, _, _| async move {
        let file = pending
            .file
            .try_clone()
            .map_err(|error| file_fault(error.into(), &destination, &name))?;
        let mut writer = Writer(tokio::fs::File::from_std(file.into_std()));
        let bytes = login
            .session
            .download(&absolute, Some(&within), &mut writer, DOWNLOAD_LIMIT)
            .await
            .map_err(|error| error::fault(error, &remote.grant))?;
        tokio::io::AsyncWriteExt::flush(&mut writer)
            .await
            .map_err(|error| file_fault(error.into(), &destination, &name))?;
        pending
            .commit()
            .map_err(|error| file_fault(error, &destination, &name))?;
        let uploaded = Uploaded {
            files: vec![name],
            unchanged: 0,
            bytes,
        };
        Ok((Outcome::Uploaded(uploaded), json!({ "bytes": bytes })))
    })?;
    Ok(Answer::Handle(handle))
}

/// A file in the workspace that is being written.
struct Writer(tokio::fs::File);

impl AsyncWrite for Writer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
