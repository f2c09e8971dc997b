//! Everything that changed on its way into the staging folders.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use russh_sftp::client::SftpSession;
use russh_sftp::protocol::FileAttributes;
use tokio::sync::mpsc;

use super::compare::Changes;
use super::parallel::in_flight;
use super::staging::Staging;
use super::transfer::{self, Failure, Meter};
use super::{FILES_IN_FLIGHT, UploadProgress, UploadReport, UploadRequest};
use crate::error::{SshError, SshErrorKind};
use crate::session::Session;

impl Session {
    /// Writes the changed files and links into the staging folders, and returns what is to be renamed to what.
    pub(super) async fn fill(
        &self,
        staging: &Staging,
        request: &UploadRequest,
        changes: &Changes,
        sftp: &Arc<SftpSession>,
        progress: Option<mpsc::Sender<UploadProgress>>,
        report: &mut UploadReport,
    ) -> Result<Vec<(String, String)>, SshError> {
        let entries = || {
            changes
                .files
                .iter()
                .filter_map(|&index| Some((index, request.entries.get(index)?)))
        };
        let meter = Meter {
            sent: Arc::new(AtomicU64::new(0)),
            total: entries().map(|(_, entry)| entry.size).sum(),
            progress,
        };
        let mut pairs = in_flight(entries().collect(), FILES_IN_FLIGHT, |(index, entry)| {
            let sftp = Arc::clone(sftp);
            let local = Arc::clone(&entry.local);
            let (mode, sha256, meter) = (entry.mode, entry.sha256, meter.clone());
            let (staged, remote) = (staging.file(index), entry.remote.clone());
            async move {
                match transfer::send(&sftp, &*local, &staged, mode, sha256, &meter).await {
                    Ok(()) => Ok((staged, remote)),
                    Err(failure) => Err((failure, remote)),
                }
            }
        })
        .await
        .map_err(|(failure, remote)| self.transfer_error(failure, &remote))?;
        for (index, link) in changes
            .links
            .iter()
            .filter_map(|&index| Some((index, request.symlinks.get(index)?)))
        {
            let staged = staging.link(index);
            // OpenSSH takes the two paths in the order opposite to the draft's, and everybody follows OpenSSH.
            sftp.symlink(link.target.clone(), staged.clone())
                .await
                .map_err(|error| self.sftp_error(error, &link.remote))?;
            pairs.push((staged, link.remote.clone()));
        }
        report.bytes = meter.sent.load(std::sync::atomic::Ordering::Relaxed);
        report.uploaded = pairs.iter().map(|(_, remote)| remote.clone()).collect();
        Ok(pairs)
    }

    pub(super) async fn set_mode(
        &self,
        sftp: &SftpSession,
        path: &str,
        mode: u32,
    ) -> Result<(), SshError> {
        let attributes = FileAttributes {
            permissions: Some(mode & 0o7777),
            ..FileAttributes::empty()
        };
        sftp.set_metadata(path, attributes)
            .await
            .map_err(|error| self.sftp_error(error, path))
    }

    fn transfer_error(&self, failure: Failure, remote: &str) -> SshError {
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
