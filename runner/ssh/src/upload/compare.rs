//! What differs between here and the server.

use std::collections::HashMap;
use std::sync::Arc;

use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::StatusCode;

use super::parallel::in_flight;
use super::{REQUESTS_IN_FLIGHT, UploadReport, UploadRequest};
use crate::error::{SshError, SshErrorKind};
use crate::remote::{RemoteKind, RemoteStat};
use crate::session::Session;

/// Indices into a request: what has to be done.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) files: Vec<usize>,
    pub(super) links: Vec<usize>,
    pub(super) modes: Vec<usize>,
}

impl Changes {
    pub(super) fn nothing(&self) -> bool {
        self.files.is_empty() && self.links.is_empty() && self.modes.is_empty()
    }
}

impl Session {
    /// The digests of the files that are there, by path.
    pub(super) async fn existing(
        &self,
        request: &UploadRequest,
        report: &mut UploadReport,
    ) -> Result<HashMap<String, [u8; 32]>, SshError> {
        let names: Vec<String> = request
            .entries
            .iter()
            .map(|entry| entry.remote.trim_start_matches('/').to_owned())
            .collect();
        match self.digests("/", &names).await {
            Err(error) if error.kind == SshErrorKind::Unsupported => {
                report.without_digests = true;
                Ok(HashMap::new())
            }
            result => result,
        }
    }

    /// Finds what differs from the server's state, and what is in the way of it.
    pub(super) async fn compare(
        &self,
        request: &UploadRequest,
        digests: &HashMap<String, [u8; 32]>,
        sftp: &Arc<SftpSession>,
        report: &mut UploadReport,
    ) -> Result<Changes, SshError> {
        let mut changes = Changes::default();
        let paths = request
            .entries
            .iter()
            .map(|entry| entry.remote.clone())
            .chain(request.symlinks.iter().map(|link| link.remote.clone()))
            .collect();
        let found = in_flight(paths, REQUESTS_IN_FLIGHT, |path| {
            let sftp = Arc::clone(sftp);
            async move {
                match sftp.symlink_metadata(path.clone()).await {
                    Ok(found) => Ok(Some(RemoteStat::from(&found))),
                    Err(SftpError::Status(status))
                        if status.status_code == StatusCode::NoSuchFile =>
                    {
                        Ok(None)
                    }
                    Err(error) => Err((path, error)),
                }
            }
        })
        .await
        .map_err(|(path, error)| self.sftp_error(error, &path))?;
        let (files, links) = found.split_at(request.entries.len().min(found.len()));
        for (index, (entry, found)) in request.entries.iter().zip(files).enumerate() {
            match found {
                Some(stat) if stat.kind == RemoteKind::Directory => {
                    return Err(folder_in_the_way(&entry.remote));
                }
                Some(stat)
                    if stat.kind == RemoteKind::File
                        && digests.get(entry.remote.trim_start_matches('/'))
                            == Some(&entry.sha256) =>
                {
                    report.skipped += 1;
                    if stat.mode != entry.mode & 0o7777 {
                        report.modes_changed += 1;
                        changes.modes.push(index);
                    }
                }
                _ => changes.files.push(index),
            }
        }
        for (index, (link, found)) in request.symlinks.iter().zip(links).enumerate() {
            match found {
                Some(stat) if stat.kind == RemoteKind::Directory => {
                    return Err(folder_in_the_way(&link.remote));
                }
                Some(stat)
                    if stat.kind == RemoteKind::Symlink
                        && self.read_link(&link.remote).await? == link.target =>
                {
                    report.skipped += 1;
                }
                _ => changes.links.push(index),
            }
        }
        Ok(changes)
    }
}

fn folder_in_the_way(path: &str) -> SshError {
    SshError::channel(
        SshErrorKind::Conflict,
        format!("{path:?} is a folder there, and a file here"),
    )
}
