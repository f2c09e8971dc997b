//! Single remote files over SFTP: look, resolve, read.

use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::fs::Metadata;
use russh_sftp::protocol::{FileType, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::connect::printable;
use crate::error::{SshError, SshErrorKind};
use crate::quote::is_plain;
use crate::session::Session;

/// What kind of thing a remote path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link (only where links are not followed).
    Symlink,
    /// A device, a socket, a pipe.
    Other,
}

/// What the server says about a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteStat {
    /// What it is.
    pub kind: RemoteKind,
    /// In bytes.
    pub size: u64,
    /// The permission bits, `0o7777` at most.
    pub mode: u32,
    /// Seconds since 1970, where the server says it.
    pub modified: Option<u32>,
}

impl From<&Metadata> for RemoteStat {
    fn from(metadata: &Metadata) -> Self {
        Self {
            kind: match metadata.file_type() {
                FileType::File => RemoteKind::File,
                FileType::Dir => RemoteKind::Directory,
                FileType::Symlink => RemoteKind::Symlink,
                FileType::Other => RemoteKind::Other,
            },
            size: metadata.len(),
            mode: metadata.permissions.unwrap_or_default() & 0o7777,
            modified: metadata.mtime,
        }
    }
}

/// Bytes that are read from a remote file at once.
const READ_PIECE: usize = 64 * 1024;

impl Session {
    /// What is at a path, links followed; `None` if nothing is.
    pub async fn stat(&self, remote: &str) -> Result<Option<RemoteStat>, SshError> {
        let sftp = self.sftp_for(remote).await?;
        absent(
            sftp.metadata(remote).await.map(|found| (&found).into()),
            remote,
            self,
        )
    }

    /// What is at a path, a link itself; `None` if nothing is.
    pub async fn link_stat(&self, remote: &str) -> Result<Option<RemoteStat>, SshError> {
        let sftp = self.sftp_for(remote).await?;
        let found = sftp.symlink_metadata(remote).await;
        absent(found.map(|found| (&found).into()), remote, self)
    }

    /// The absolute path with every link resolved.
    pub async fn real_path(&self, remote: &str) -> Result<String, SshError> {
        let sftp = self.sftp_for(remote).await?;
        sftp.canonicalize(remote)
            .await
            .map_err(|error| self.sftp_error(error, remote))
    }

    /// Where a link points, as it is written.
    pub async fn read_link(&self, remote: &str) -> Result<String, SshError> {
        let sftp = self.sftp_for(remote).await?;
        sftp.read_link(remote)
            .await
            .map_err(|error| self.sftp_error(error, remote))
    }

    /// Writes a remote file's bytes to `writer`, at most `limit`, and returns how many there were.
    ///
    /// With `within`, a path that leads out of that folder through links is refused as `outside`.
    pub async fn download<W: AsyncWrite + Unpin>(
        &self,
        remote: &str,
        within: Option<&str>,
        writer: &mut W,
        limit: u64,
    ) -> Result<u64, SshError> {
        let sftp = self.sftp_for(remote).await?;
        if let Some(within) = within {
            self.check_within(remote, within).await?;
        }
        let too_large = || {
            SshError::channel(
                SshErrorKind::TooLarge,
                format!("{remote:?} is larger than {limit} bytes"),
            )
        };
        let stat = self.stat(remote).await?.ok_or_else(|| not_found(remote))?;
        if stat.kind != RemoteKind::File {
            return Err(SshError::channel(
                SshErrorKind::Conflict,
                format!("{remote:?} is not a regular file"),
            ));
        }
        if stat.size > limit {
            return Err(too_large());
        }
        let mut file = sftp
            .open(remote)
            .await
            .map_err(|error| self.sftp_error(error, remote))?;
        let mut buffer = vec![0; READ_PIECE];
        let mut total = 0_u64;
        loop {
            let read = file
                .read(&mut buffer)
                .await
                .map_err(|error| self.sftp_error(error.into(), remote))?;
            if read == 0 {
                break;
            }
            total = total.saturating_add(read as u64);
            if total > limit {
                return Err(too_large());
            }
            writer
                .write_all(buffer.get(..read).unwrap_or_default())
                .await
                .map_err(|error| {
                    SshError::channel(
                        SshErrorKind::Internal,
                        format!("what was read from {remote:?} could not be stored: {error}"),
                    )
                })?;
        }
        let _ = file.close().await;
        Ok(total)
    }

    /// Like [`Session::link_stat`], for a path at or below `within`: the folder that holds it may not lead out of there
    /// through a link. What a link at the very end leads to is not looked at.
    ///
    /// Fails with `outside` for a path that leaves.
    pub async fn link_stat_within(
        &self,
        remote: &str,
        within: &str,
    ) -> Result<Option<RemoteStat>, SshError> {
        let parent = remote.rsplit_once('/').map_or("", |(parent, _)| parent);
        if remote != within && !parent.is_empty() {
            match self.check_within(parent, within).await {
                Err(error) if error.kind == SshErrorKind::NotFound => return Ok(None),
                checked => checked?,
            }
        }
        self.link_stat(remote).await
    }

    /// Fails with `outside` unless the path, links resolved, is `within` (links resolved) or below it.
    pub(crate) async fn check_within(&self, remote: &str, within: &str) -> Result<(), SshError> {
        let real = self.real_path(remote).await?;
        let root = self.real_path(within).await?;
        if is_below(&real, &root) {
            Ok(())
        } else {
            Err(outside(remote, &real, within))
        }
    }

    async fn sftp_for(
        &self,
        remote: &str,
    ) -> Result<std::sync::Arc<russh_sftp::client::SftpSession>, SshError> {
        if remote.is_empty() || !is_plain(remote) {
            return Err(SshError::channel(
                SshErrorKind::Invalid,
                "a remote path is empty or holds a NUL",
            ));
        }
        self.sftp().await
    }

    /// What an SFTP answer about a path means.
    pub(crate) fn sftp_error(&self, error: SftpError, path: &str) -> SshError {
        let (kind, message) = match &error {
            SftpError::Status(status) => match status.status_code {
                StatusCode::NoSuchFile => return not_found(path),
                StatusCode::PermissionDenied => (
                    SshErrorKind::Peer,
                    format!("the account may not do that with {path:?}: permission denied"),
                ),
                StatusCode::OpUnsupported => (
                    SshErrorKind::Unsupported,
                    format!("the server's sftp cannot do that with {path:?}"),
                ),
                StatusCode::NoConnection | StatusCode::ConnectionLost => {
                    (SshErrorKind::Unreachable, "the connection was lost".into())
                }
                _ => (
                    SshErrorKind::Peer,
                    format!(
                        "the server failed with {path:?}: {}",
                        printable(&status.error_message)
                    ),
                ),
            },
            SftpError::Timeout => (
                SshErrorKind::Timeout,
                format!("the server did not answer about {path:?} in time"),
            ),
            _ if self.is_closed() => (
                SshErrorKind::Unreachable,
                format!("the connection was lost while {path:?} was worked on"),
            ),
            other => (
                SshErrorKind::Unreachable,
                format!(
                    "the file transfer of {path:?} ended: {}",
                    printable(&other.to_string())
                ),
            ),
        };
        self.explain(SshError::channel(kind, message))
    }
}

fn absent(
    result: Result<RemoteStat, SftpError>,
    path: &str,
    session: &Session,
) -> Result<Option<RemoteStat>, SshError> {
    match result {
        Ok(stat) => Ok(Some(stat)),
        Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(None),
        Err(error) => Err(session.sftp_error(error, path)),
    }
}

fn not_found(path: &str) -> SshError {
    SshError::channel(SshErrorKind::NotFound, format!("{path:?} is not there"))
}

pub(crate) fn outside(path: &str, real: &str, within: &str) -> SshError {
    SshError::channel(
        SshErrorKind::Outside,
        format!("{path:?} leads to {real:?}, which is outside of {within:?}"),
    )
    .with_details(serde_json::json!({ "path": path, "real_path": real, "within": within }))
}

/// Whether an absolute path is `root` or below it, by whole components.
pub(crate) fn is_below(path: &str, root: &str) -> bool {
    let root = root.trim_end_matches('/');
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_goes_by_components() {
        for (path, root, expected) in [
            ("/srv/a", "/srv", true),
            ("/srv/a", "/srv/", true),
            ("/srv", "/srv", true),
            ("/srv", "/srv/", true),
            ("/srvx", "/srv", false),
            ("/", "/srv", false),
            ("/anything", "/", true),
        ] {
            assert_eq!(is_below(path, root), expected, "{path} {root}");
        }
    }
}
