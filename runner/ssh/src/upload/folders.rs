//! The folders that an upload needs: made where they are missing, checked where they are there.

use std::collections::BTreeSet;
use std::sync::Arc;

use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::StatusCode;

use super::parallel::in_flight;
use super::plan::parent;
use super::{REQUESTS_IN_FLIGHT, STAGING_PREFIX};
use crate::error::{SshError, SshErrorKind};
use crate::remote::{RemoteKind, is_below, outside};
use crate::session::Session;

impl Session {
    /// Makes a designated folder with its parents, links followed, and returns its real path.
    pub(super) async fn make_anchor(&self, path: &str) -> Result<String, SshError> {
        let sftp = self.sftp().await?;
        let mut missing = Vec::new();
        let mut at = path;
        loop {
            match self.stat(at).await? {
                Some(stat) if stat.kind == RemoteKind::Directory => break,
                Some(_) => return Err(in_the_way(at)),
                None => missing.push(at),
            }
            if at == "/" {
                break;
            }
            at = parent(at);
        }
        for folder in missing.into_iter().rev() {
            if let Err(error) = sftp.create_dir(folder).await
                && self.stat(folder).await?.is_none()
            {
                return Err(self.sftp_error(error, folder));
            }
        }
        self.real_path(path).await
    }

    /// Makes the folders below an anchor, level by level. A link among them must lead to a folder below `real_root`,
    /// since what is written under it would land there.
    pub(super) async fn make_folders(
        &self,
        folders: &BTreeSet<String>,
        within: &str,
        real_root: &str,
    ) -> Result<(), SshError> {
        let sftp = self.sftp().await?;
        let depth = |path: &str| path.matches('/').count();
        let mut levels: Vec<&String> = folders.iter().collect();
        levels.sort_by_key(|path| depth(path));
        for level in levels.chunk_by(|a, b| depth(a) == depth(b)) {
            let made = in_flight(
                level.iter().map(|path| (*path).clone()).collect(),
                REQUESTS_IN_FLIGHT,
                |path| {
                    let sftp = Arc::clone(&sftp);
                    async move {
                        let found = make_or_look(&sftp, &path).await;
                        found
                            .map(|found| (path.clone(), found))
                            .map_err(|error| (path, error))
                    }
                },
            )
            .await
            .map_err(|(path, error)| self.sftp_error(error, &path))?;
            for (path, found) in made {
                match found {
                    RemoteKind::Directory => {}
                    RemoteKind::Symlink => {
                        let real = self.real_path(&path).await?;
                        if !is_below(&real, real_root) {
                            return Err(outside(&path, &real, within));
                        }
                        match self.stat(&path).await? {
                            Some(stat) if stat.kind == RemoteKind::Directory => {}
                            _ => return Err(in_the_way(&path)),
                        }
                    }
                    RemoteKind::File | RemoteKind::Other => return Err(in_the_way(&path)),
                }
            }
        }
        Ok(())
    }

    /// Removes what uploads that died have left in a folder.
    pub(super) async fn remove_stale(&self, anchor: &str) -> Result<(), SshError> {
        let sftp = self.sftp().await?;
        let listing = sftp
            .read_dir(anchor)
            .await
            .map_err(|error| self.sftp_error(error, anchor))?;
        for entry in listing {
            let name = entry.file_name();
            if name.starts_with(STAGING_PREFIX) && entry.file_type().is_dir() {
                remove_staging(&sftp, &format!("{}/{name}", anchor.trim_end_matches('/'))).await;
            }
        }
        Ok(())
    }
}

/// Removes a staging folder, which holds files alone; what can't be removed is left to the next upload.
pub(super) async fn remove_staging(sftp: &Arc<SftpSession>, folder: &str) {
    let Ok(listing) = sftp.read_dir(folder).await else {
        return;
    };
    let paths = listing
        .map(|entry| format!("{folder}/{}", entry.file_name()))
        .collect();
    let _ = in_flight(paths, REQUESTS_IN_FLIGHT, |path| {
        let sftp = Arc::clone(sftp);
        async move {
            let _ = sftp.remove_file(path).await;
            Ok::<(), ()>(())
        }
    })
    .await;
    let _ = sftp.remove_dir(folder).await;
}

async fn make_or_look(sftp: &SftpSession, path: &str) -> Result<RemoteKind, SftpError> {
    let look = async || {
        let found = sftp.symlink_metadata(path).await?;
        Ok(crate::remote::RemoteStat::from(&found).kind)
    };
    match look().await {
        Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
            match sftp.create_dir(path).await {
                Ok(()) => Ok(RemoteKind::Directory),
                // Somebody else may have made it in between.
                Err(error) => look().await.map_err(|_: SftpError| error),
            }
        }
        found => found,
    }
}

pub(super) fn in_the_way(path: &str) -> SshError {
    SshError::channel(
        SshErrorKind::Conflict,
        format!("{path:?} is there and is no folder"),
    )
}
