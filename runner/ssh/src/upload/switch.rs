//! Renames uploaded files into place, all at the end.

use std::sync::Arc;

use russh_sftp::client::RawSftpSession;
use russh_sftp::protocol::{Packet, StatusCode};

use super::REQUESTS_IN_FLIGHT;
use super::parallel::in_flight;
use super::staging::Staging;
use crate::connect::printable;
use crate::error::{SshError, SshErrorKind};
use crate::session::Session;

/// Replaces a file in one step; plain SFTP renames fail where the target exists.
const POSIX_RENAME: &str = "posix-rename@openssh.com";

/// For servers without it: pairs of names, separated by NUL, from standard input.
pub const RENAME_COMMAND: &str = "xargs -0 -n 2 mv -T -f";

/// What is kept of the complaints of `mv`.
const COMPLAINT_LIMIT: usize = 4096;

/// A channel for requests that the other one has no words for, and whether this server replaces a file by one.
pub(crate) struct Renamer {
    pub(super) raw: Arc<RawSftpSession>,
    replaces: bool,
}

impl Session {
    /// Finds out how the server replaces files, before there is anything to replace; once for a session.
    pub(super) async fn renamer(&self) -> Result<Arc<Renamer>, SshError> {
        let open = async {
            let stream = self.open_sftp_channel().await?.into_stream();
            let raw = RawSftpSession::new_with_config(stream, self.sftp_config());
            let version = raw
                .init()
                .await
                .map_err(|error| self.sftp_error(error, "/"))?;
            Ok(Arc::new(Renamer {
                raw: Arc::new(raw),
                replaces: version.extensions.contains_key(POSIX_RENAME),
            }))
        };
        self.renamer.get_or_try_init(|| open).await.cloned()
    }

    /// Renames one file or link over another in one step, over SFTP.
    pub(crate) async fn replace(&self, from: &str, to: &str) -> Result<(), SshError> {
        let renamer = self.renamer().await?;
        if renamer.replaces {
            rename(&renamer.raw, from, to)
                .await
                .map_err(|text| self.explain(half_way(to, &text, 0, 1)))
        } else {
            Err(SshError::channel(
                SshErrorKind::Unsupported,
                "the server cannot replace a link in one step",
            ))
        }
    }

    /// Renames each pair. The requests are sent in order and without waiting; a failure names how many took effect.
    pub(super) async fn rename_all(
        &self,
        renamer: &Renamer,
        pairs: Vec<(String, String)>,
        staging: Staging,
    ) -> Result<(), SshError> {
        if renamer.replaces {
            self.rename_by_sftp(&renamer.raw, pairs, staging).await
        } else {
            self.rename_by_command(&pairs, staging).await
        }
    }

    async fn rename_by_sftp(
        &self,
        raw: &Arc<RawSftpSession>,
        pairs: Vec<(String, String)>,
        staging: Staging,
    ) -> Result<(), SshError> {
        let total = pairs.len();
        // Spawned as one task, so that a cancelled upload does not stop between two files.
        let raw = Arc::clone(raw);
        let unfinished = Arc::clone(&self.unfinished);
        let work = tokio::spawn(async move {
            let results = in_flight(pairs, REQUESTS_IN_FLIGHT, |(from, to)| {
                let raw = Arc::clone(&raw);
                async move { Ok::<_, ()>(rename(&raw, &from, &to).await.map_err(|text| (to, text))) }
            })
            .await;
            staging.remove().await;
            drop(unfinished);
            results
        });
        let results = match work.await {
            Ok(Ok(results)) => results,
            _ => {
                return Err(SshError::channel(
                    SshErrorKind::Internal,
                    "the renaming task ended",
                ));
            }
        };
        let done = results.iter().filter(|result| result.is_ok()).count();
        match results.into_iter().find_map(Result::err) {
            None => Ok(()),
            Some((path, text)) => Err(self.explain(half_way(&path, &text, done, total))),
        }
    }

    async fn rename_by_command(
        &self,
        pairs: &[(String, String)],
        staging: Staging,
    ) -> Result<(), SshError> {
        let mut input = Vec::new();
        for path in pairs.iter().flat_map(|(from, to)| [from, to]) {
            input.extend_from_slice(path.as_bytes());
            input.push(0);
        }
        let ran = self
            .exec_collect(RENAME_COMMAND, &input, COMPLAINT_LIMIT)
            .await;
        staging.remove().await;
        let ran = ran?;
        match ran.status.code {
            Some(0) => Ok(()),
            Some(127) => Err(SshError::channel(
                SshErrorKind::Unsupported,
                "the server can replace files neither by sftp nor by xargs and mv",
            )),
            _ => Err(SshError::channel(
                SshErrorKind::Conflict,
                format!("not every file could be put in place: {}", ran.complaint()),
            )),
        }
    }
}

fn half_way(path: &str, text: &str, done: usize, total: usize) -> SshError {
    SshError::channel(
        SshErrorKind::Conflict,
        format!("{path:?} could not be put in place ({done} of {total} files were): {text}"),
    )
    .with_details(serde_json::json!({ "path": path, "replaced": done, "total": total }))
}

async fn rename(raw: &RawSftpSession, from: &str, to: &str) -> Result<(), String> {
    let mut data = Vec::with_capacity(8 + from.len() + to.len());
    for path in [from, to] {
        let length = u32::try_from(path.len()).map_err(|_| "the path is too long".to_owned())?;
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(path.as_bytes());
    }
    match raw.extended(POSIX_RENAME, data).await {
        Ok(Packet::Status(status)) if status.status_code == StatusCode::Ok => Ok(()),
        Ok(Packet::Status(status)) => Err(printable(&status.error_message)),
        Ok(_) => Err("the server answered something else".to_owned()),
        Err(error) => Err(printable(&error.to_string())),
    }
}
