//! The folders that an upload needs: made where they are missing, checked where they are there.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::StatusCode;

use super::parallel::in_flight;
use super::plan::parent;
use super::{REQUESTS_IN_FLIGHT, transfer};
use crate::error::{SshError, SshErrorKind};
use crate::remote::{RemoteKind, RemoteStat, is_below, outside};
use crate::session::Session;

/// What a folder is made with where nothing is known of it; the server's umask cuts it.
const ANY_MODE: u32 = 0o777;

/// What the account needs to put something into a folder.
const OWN_MODE: u32 = 0o700;

impl Session {
    /// Makes a designated folder with its parents, links followed, and returns its real path. What had to be made is
    /// added to `made`.
    pub(super) async fn make_anchor(
        &self,
        path: &str,
        made: &mut HashSet<String>,
    ) -> Result<String, SshError> {
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
            match sftp.create_dir(folder).await {
                Ok(()) => {
                    made.insert(folder.to_owned());
                }
                Err(error) if self.stat(folder).await?.is_none() => {
                    return Err(self.sftp_error(error, folder));
                }
                Err(_) => {}
            }
        }
        self.real_path(path).await
    }

    /// Makes the folders below an anchor, level by level, with their modes where they are known. A link among them must
    /// lead to a folder below `real_root`, since what is written under it would land there. What had to be made is added
    /// to `made`.
    pub(super) async fn make_folders(
        &self,
        folders: &BTreeSet<String>,
        modes: &HashMap<&str, u32>,
        within: &str,
        real_root: &str,
        made: &mut HashSet<String>,
    ) -> Result<(), SshError> {
        let sftp = self.sftp().await?;
        let depth = |path: &str| path.matches('/').count();
        let mut levels: Vec<&String> = folders.iter().collect();
        levels.sort_by_key(|path| depth(path));
        for level in levels.chunk_by(|a, b| depth(a) == depth(b)) {
            let there = in_flight(
                level.iter().map(|path| (*path).clone()).collect(),
                REQUESTS_IN_FLIGHT,
                |path| {
                    let sftp = Arc::clone(&sftp);
                    async move {
                        match look(&sftp, &path).await {
                            Ok(found) => Ok((path, found)),
                            Err(error) => Err((path, error)),
                        }
                    }
                },
            )
            .await
            .map_err(|(path, error)| self.sftp_error(error, &path))?;
            let (missing, there): (Vec<_>, Vec<_>) =
                there.into_iter().partition(|(_, found)| found.is_none());
            let missing = missing.into_iter().map(|(path, _)| path).collect();
            let there = there.into_iter().chain(self.make(missing, modes).await?);
            for (path, found) in there {
                match found {
                    None => {
                        made.insert(path);
                    }
                    Some(RemoteKind::Directory) => {}
                    Some(RemoteKind::Symlink) => {
                        let real = self.real_path(&path).await?;
                        if !is_below(&real, real_root) {
                            return Err(outside(&path, &real, within));
                        }
                        match self.stat(&path).await? {
                            Some(stat) if stat.kind == RemoteKind::Directory => {}
                            _ => return Err(in_the_way(&path)),
                        }
                    }
                    Some(RemoteKind::File | RemoteKind::Other) => {
                        return Err(in_the_way(&path));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Session {
    /// Makes these folders, and returns with each what is there instead where somebody else made something in between.
    async fn make(
        &self,
        folders: Vec<String>,
        modes: &HashMap<&str, u32>,
    ) -> Result<Vec<(String, Option<RemoteKind>)>, SshError> {
        if folders.is_empty() {
            return Ok(Vec::new());
        }
        let (sftp, renamer) = (self.sftp().await?, self.renamer().await?);
        let folders = folders
            .into_iter()
            .map(|path| {
                let mode = modes.get(path.as_str()).copied();
                (path, mode.unwrap_or(ANY_MODE) & ANY_MODE | OWN_MODE)
            })
            .collect();
        in_flight(folders, REQUESTS_IN_FLIGHT, |(path, mode)| {
            let (sftp, raw) = (Arc::clone(&sftp), Arc::clone(&renamer.raw));
            async move {
                match raw.mkdir(path.as_str(), transfer::mode(mode)).await {
                    Ok(_) => Ok((path, None)),
                    Err(error) => match look(&sftp, &path).await {
                        Ok(Some(found)) => Ok((path, Some(found))),
                        _ => Err((path, error)),
                    },
                }
            }
        })
        .await
        .map_err(|(path, error)| self.sftp_error(error, &path))
    }
}

async fn look(sftp: &SftpSession, path: &str) -> Result<Option<RemoteKind>, SftpError> {
    match sftp.symlink_metadata(path).await {
        Ok(found) => Ok(Some(RemoteStat::from(&found).kind)),
        Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn in_the_way(path: &str) -> SshError {
    SshError::channel(
        SshErrorKind::Conflict,
        format!("{path:?} is there and is no folder"),
    )
}
