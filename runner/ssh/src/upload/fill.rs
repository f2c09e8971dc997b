//! Everything that changed on its way into the staging folders.

use std::collections::HashMap;
use std::sync::Arc;

use russh_sftp::client::{RawSftpSession, SftpSession};
use tokio::sync::mpsc;

use super::compare::Changes;
use super::parallel::in_flight;
use super::resume::Taken;
use super::staging::Staging;
use super::transfer::{self, Failure, Item, Meter};
use super::{
    FILES_IN_FLIGHT, REQUESTS_IN_FLIGHT, SMALL_FILES_IN_FLIGHT, UploadProgress, UploadReport,
    UploadRequest, small,
};
use crate::error::{SshError, SshErrorKind};
use crate::session::Session;

/// What an upload's files and links are sent with.
pub(super) struct Filling<'a> {
    pub(super) session: &'a Session,
    pub(super) sftp: &'a Arc<SftpSession>,
    pub(super) raw: &'a Arc<RawSftpSession>,
    pub(super) staging: &'a Staging,
    pub(super) request: &'a UploadRequest,
    pub(super) changes: &'a Changes,
}

impl Filling<'_> {
    /// Writes the changed files and links into the staging folders, and returns what is to be renamed to what.
    pub(super) async fn run(
        &self,
        mut taken: HashMap<usize, Taken>,
        progress: Option<mpsc::Sender<UploadProgress>>,
        report: &mut UploadReport,
    ) -> Result<Vec<(String, String)>, SshError> {
        let entries = || {
            let indices = self.changes.files.iter();
            indices.filter_map(|&index| Some((index, self.request.entries.get(index)?)))
        };
        let total = entries().map(|(_, entry)| entry.size).sum();
        let meter = Arc::new(Meter::new(total, progress));
        let (small, large): (Vec<_>, Vec<_>) = entries()
            .map(|(index, entry)| Item {
                index,
                remote: entry.remote.clone(),
                local: Arc::clone(&entry.local),
                size: entry.size,
                staged: self.staging.file(index).to_owned(),
                mode: entry.mode & 0o7777,
                taken: taken.remove(&index),
            })
            .partition(|item| item.size <= small::SMALL);
        let small = in_flight(small, SMALL_FILES_IN_FLIGHT, |item| {
            let (raw, meter) = (Arc::clone(self.raw), Arc::clone(&meter));
            async move {
                let result = small::send(&raw, &item, &meter).await;
                item.sent(result)
            }
        });
        let large = in_flight(large, FILES_IN_FLIGHT, |item| {
            let (sftp, meter) = (Arc::clone(self.sftp), Arc::clone(&meter));
            async move {
                let result = transfer::send(&sftp, &item, &meter).await;
                item.sent(result)
            }
        });
        let (mut sent, large) = tokio::try_join!(small, large)
            .map_err(|(failure, remote)| self.session.transfer_error(failure, &remote))?;
        sent.extend(large);
        sent.sort_by_key(|(index, ..)| *index);
        let mut pairs: Vec<(String, String)> = sent
            .into_iter()
            .map(|(_, staged, remote)| (staged, remote))
            .collect();
        pairs.extend(self.links().await?);
        (report.bytes, report.resumed) = meter.outcome();
        report.uploaded = pairs.iter().map(|(_, remote)| remote.clone()).collect();
        Ok(pairs)
    }

    /// Makes the changed links, likewise.
    async fn links(&self) -> Result<Vec<(String, String)>, SshError> {
        let links = self.changes.links.iter();
        let links = links
            .filter_map(|&index| Some((index, self.request.symlinks.get(index)?)))
            .map(|(index, link)| (self.staging.link(index).to_owned(), link.clone()))
            .collect();
        in_flight(links, REQUESTS_IN_FLIGHT, |(staged, link)| {
            let sftp = Arc::clone(self.sftp);
            async move {
                // OpenSSH takes the two paths in the order opposite to the draft's, and everybody follows OpenSSH.
                match sftp.symlink(link.target, staged.as_str()).await {
                    Ok(()) => Ok((staged, link.remote)),
                    Err(error) => Err((error, link.remote)),
                }
            }
        })
        .await
        .map_err(|(error, remote)| self.session.sftp_error(error, &remote))
    }
}

impl Session {
    pub(super) async fn set_mode(
        &self,
        sftp: &SftpSession,
        path: &str,
        mode: u32,
    ) -> Result<(), SshError> {
        sftp.set_metadata(path, transfer::mode(mode & 0o7777))
            .await
            .map_err(|error| self.sftp_error(error, path))
    }

    /// Puts the modes right of files whose content was there already.
    pub(super) async fn set_modes(
        &self,
        request: &UploadRequest,
        files: &[usize],
        sftp: &Arc<SftpSession>,
    ) -> Result<(), SshError> {
        let files = files
            .iter()
            .filter_map(|&index| request.entries.get(index))
            .map(|entry| (entry.remote.clone(), entry.mode & 0o7777))
            .collect();
        in_flight(files, REQUESTS_IN_FLIGHT, |(path, mode)| {
            let sftp = Arc::clone(sftp);
            async move {
                let set = sftp.set_metadata(path.as_str(), transfer::mode(mode));
                set.await.map_err(|error| (error, path))
            }
        })
        .await
        .map_err(|(error, path)| self.sftp_error(error, &path))?;
        Ok(())
    }

    pub(super) fn transfer_error(&self, failure: Failure, remote: &str) -> SshError {
        match failure {
            Failure::Remote(error) => self.sftp_error(error, remote),
            Failure::Local(error) => SshError::channel(
                SshErrorKind::NotFound,
                format!("the local file for {remote:?} cannot be read: {error}"),
            ),
            Failure::Changed => SshError::channel(
                SshErrorKind::Conflict,
                format!("the local file for {remote:?} changed while it was uploaded"),
            ),
        }
    }
}
