//! What differs between here and the server.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::StatusCode;
use tokio_util::sync::CancellationToken;

use super::parallel::in_flight;
use super::plan::parent;
use super::transfer::Failure;
use super::{REQUESTS_IN_FLIGHT, UploadEntry, UploadReport, UploadRequest, source};
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
    /// Finds what differs from the server's state, and what is in the way of it. In the folders that were just made
    /// there is nothing.
    pub(super) async fn compare(
        &self,
        request: &UploadRequest,
        made: &HashSet<String>,
        sftp: &Arc<SftpSession>,
        report: &mut UploadReport,
    ) -> Result<Changes, SshError> {
        let mut changes = Changes::default();
        let found = self.look(request, made, sftp).await?;
        let (files, links) = found.split_at(request.entries.len().min(found.len()));
        let same = self.same(request, files, report).await?;
        for (index, (entry, found)) in request.entries.iter().zip(files).enumerate() {
            match found {
                Some(stat) if stat.kind == RemoteKind::Directory => {
                    return Err(folder_in_the_way(&entry.remote));
                }
                Some(stat) if same.contains(&index) => {
                    report.skipped += 1;
                    if stat.mode != entry.mode & 0o7777 {
                        report.modes_changed += 1;
                        changes.modes.push(index);
                    }
                }
                _ => changes.files.push(index),
            }
        }
        let mut there = Vec::new();
        for (index, (link, found)) in request.symlinks.iter().zip(links).enumerate() {
            match found {
                Some(stat) if stat.kind == RemoteKind::Directory => {
                    return Err(folder_in_the_way(&link.remote));
                }
                Some(stat) if stat.kind == RemoteKind::Symlink => there.push((index, link.clone())),
                _ => changes.links.push(index),
            }
        }
        let targets = in_flight(there, REQUESTS_IN_FLIGHT, |(index, link)| {
            let sftp = Arc::clone(sftp);
            async move {
                match sftp.read_link(link.remote.as_str()).await {
                    Ok(target) => Ok((index, target == link.target)),
                    Err(error) => Err((error, link.remote)),
                }
            }
        })
        .await
        .map_err(|(error, path)| self.sftp_error(error, &path))?;
        for (index, is_same) in targets {
            if is_same {
                report.skipped += 1;
            } else {
                changes.links.push(index);
            }
        }
        changes.links.sort_unstable();
        Ok(changes)
    }

    /// What is at the places of the files, then of the links.
    async fn look(
        &self,
        request: &UploadRequest,
        made: &HashSet<String>,
        sftp: &Arc<SftpSession>,
    ) -> Result<Vec<Option<RemoteStat>>, SshError> {
        let paths: Vec<&String> = request
            .entries
            .iter()
            .map(|entry| &entry.remote)
            .chain(request.symlinks.iter().map(|link| &link.remote))
            .collect();
        let mut found = vec![None; paths.len()];
        let paths = paths
            .into_iter()
            .enumerate()
            .filter(|(_, path)| !made.contains(parent(path)))
            .map(|(index, path)| (index, path.clone()))
            .collect();
        let looked = in_flight(paths, REQUESTS_IN_FLIGHT, |(index, path)| {
            let sftp = Arc::clone(sftp);
            async move {
                match sftp.symlink_metadata(path.clone()).await {
                    Ok(found) => Ok((index, Some(RemoteStat::from(&found)))),
                    Err(SftpError::Status(status))
                        if status.status_code == StatusCode::NoSuchFile =>
                    {
                        Ok((index, None))
                    }
                    Err(error) => Err((path, error)),
                }
            }
        })
        .await
        .map_err(|(path, error)| self.sftp_error(error, &path))?;
        for (index, there) in looked {
            if let Some(found) = found.get_mut(index) {
                *found = there;
            }
        }
        Ok(found)
    }

    /// The files, by their indices, whose content is there already. Only those of the same size are digested, here and
    /// there at once.
    async fn same(
        &self,
        request: &UploadRequest,
        found: &[Option<RemoteStat>],
        report: &mut UploadReport,
    ) -> Result<HashSet<usize>, SshError> {
        let alike: Vec<(usize, &UploadEntry)> = request
            .entries
            .iter()
            .enumerate()
            .zip(found)
            .filter(|((_, entry), found)| {
                found
                    .as_ref()
                    .is_some_and(|stat| stat.kind == RemoteKind::File && stat.size == entry.size)
            })
            .map(|(entry, _)| entry)
            .collect();
        if alike.is_empty() {
            return Ok(HashSet::new());
        }
        let names: Vec<String> = alike
            .iter()
            .map(|(_, entry)| entry.remote.trim_start_matches('/').to_owned())
            .collect();
        let here = async {
            let digests = local_digests(alike.iter().map(|(_, entry)| *entry)).await;
            digests.map_err(|(failure, remote)| self.transfer_error(failure, &remote))
        };
        let (there, here) = match tokio::try_join!(self.digests("/", &names), here) {
            Err(error) if error.kind == SshErrorKind::Unsupported => {
                report.without_digests = true;
                return Ok(HashSet::new());
            }
            digests => digests?,
        };
        Ok(alike
            .iter()
            .zip(&names)
            .zip(&here)
            .filter(|((_, name), here)| there.get(*name) == Some(here))
            .map(|(((index, _), _), _)| *index)
            .collect())
    }
}

/// The digests of local files, in order, or the remote path of the one that can't be read.
async fn local_digests(
    entries: impl Iterator<Item = &UploadEntry>,
) -> Result<Vec<[u8; 32]>, (Failure, String)> {
    let files: Vec<_> = entries
        .map(|entry| (Arc::clone(&entry.local), entry.size, entry.remote.clone()))
        .collect();
    let stop = CancellationToken::new();
    let unwanted = stop.clone();
    let _stop = stop.drop_guard();
    let digesting = tokio::task::spawn_blocking(move || {
        let mut digests = Vec::with_capacity(files.len());
        for (local, size, remote) in files {
            let digest = source::digest(&*local, size, || unwanted.is_cancelled());
            digests.push(digest.map_err(|error| (Failure::Local(error), remote))?);
        }
        Ok(digests)
    });
    digesting.await.unwrap_or_else(|error| {
        // It ends by itself alone, unless a file's own code panics.
        Err((Failure::Local(io::Error::other(error)), String::new()))
    })
}

fn folder_in_the_way(path: &str) -> SshError {
    SshError::channel(
        SshErrorKind::Conflict,
        format!("{path:?} is a folder there, and a file here"),
    )
}
