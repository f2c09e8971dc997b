//! An authenticated connection, and the channels opened on it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::client::{Handle, Msg};
use russh::{Channel, ChannelOpenFailure};
use russh_sftp::client::SftpSession;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::connect::{ClientHandler, ConnectLimits};
use crate::error::{SshError, SshErrorKind, Stage};
use crate::upload::Renamer;

/// How long a dropped session may take to say goodbye before its stream is cut.
const GOODBYE: Duration = Duration::from_secs(3);

/// How often a dropped session looks whether such work has ended.
const UNFINISHED_POLL: Duration = Duration::from_millis(200);

/// A connection on which commands run and files move. Dropping it closes the connection.
///
/// Operations may run side by side, but they share one flow of data: while the receiver of one operation's output
/// takes nothing, the others wait too.
pub struct Session {
    handle: Handle<ClientHandler>,
    cut: CancellationToken,
    end: Arc<Mutex<Option<String>>>,
    pub(crate) limits: ConnectLimits,
    warnings: Vec<String>,
    /// Held by work that must come to its end even if the session is dropped meanwhile.
    pub(crate) unfinished: Arc<()>,
    sftp: OnceCell<Arc<SftpSession>>,
    pub(crate) renamer: OnceCell<Arc<Renamer>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(
        handle: Handle<ClientHandler>,
        cut: CancellationToken,
        end: Arc<Mutex<Option<String>>>,
        limits: ConnectLimits,
        warnings: Vec<String>,
    ) -> Self {
        Self {
            handle,
            cut,
            end,
            limits,
            warnings,
            unfinished: Arc::new(()),
            sftp: OnceCell::new(),
            renamer: OnceCell::new(),
        }
    }

    /// What the known hosts hold that was not used, a sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Says goodbye and closes the connection; never fails, since there is nothing left to do about it.
    pub async fn close(self) {
        let goodbye = self
            .handle
            .disconnect(russh::Disconnect::ByApplication, "", "en");
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }

    /// A stream to a host and port that the server connects to: the way to a host behind it. The stream ends with this
    /// session, which the caller keeps for as long.
    ///
    /// Fails with `unreachable` where the server can't get there, and with `peer` where it forwards nothing.
    pub async fn tunnel(
        &self,
        host: &str,
        port: u16,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>, SshError> {
        // Who is said to have asked is for the server's log alone.
        let opening = self
            .handle
            .channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0);
        match tokio::time::timeout(self.limits.request, opening).await {
            Ok(Ok(channel)) => Ok(channel.into_stream()),
            Ok(Err(russh::Error::ChannelOpenFailure(reason))) => {
                let (kind, why) = match reason {
                    ChannelOpenFailure::AdministrativelyProhibited => (
                        SshErrorKind::Peer,
                        "it is not allowed to forward (AllowTcpForwarding, PermitOpen)",
                    ),
                    _ => (SshErrorKind::Unreachable, "it could not connect there"),
                };
                Err(SshError::new(
                    Stage::Tcp,
                    kind,
                    format!("the jump host gives no way to {host}:{port}: {why}"),
                ))
            }
            Ok(Err(error)) => Err(self.explain(SshError::from_russh(Stage::Tcp, &error))),
            Err(_) => Err(self.timeout(&format!("connecting to {host}:{port} from there"))),
        }
    }

    /// Opens a session channel within the limit for requests.
    pub(crate) async fn open_channel(&self) -> Result<Channel<Msg>, SshError> {
        let opening = self.handle.channel_open_session();
        match tokio::time::timeout(self.limits.request, opening).await {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(error)) => Err(self.explain(SshError::from_russh(Stage::Channel, &error))),
            Err(_) => Err(self.timeout("opening a channel")),
        }
    }

    /// The SFTP session, opened when it is first needed.
    pub(crate) async fn sftp(&self) -> Result<Arc<SftpSession>, SshError> {
        let open = async {
            let channel = self.open_sftp_channel().await?;
            let config = self.sftp_config();
            let opening = SftpSession::new_with_config(channel.into_stream(), config);
            match tokio::time::timeout(self.limits.request, opening).await {
                Ok(Ok(sftp)) => Ok(Arc::new(sftp)),
                Ok(Err(error)) => Err(SshError::channel(
                    SshErrorKind::Unsupported,
                    format!("the server's sftp does not answer: {error}"),
                )),
                Err(_) => Err(self.timeout("starting sftp")),
            }
        };
        self.sftp.get_or_try_init(|| open).await.cloned()
    }

    /// A channel with the subsystem `sftp` requested and granted.
    pub(crate) async fn open_sftp_channel(&self) -> Result<Channel<Msg>, SshError> {
        let mut channel = self.open_channel().await?;
        let request = channel.request_subsystem(true, "sftp");
        match tokio::time::timeout(self.limits.request, request).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                return Err(self.explain(SshError::from_russh(Stage::Channel, &error)));
            }
            Err(_) => return Err(self.timeout("starting sftp")),
        }
        crate::exec::await_success(&mut channel, self.limits.request)
            .await
            .map_err(|error| {
                if error.kind == SshErrorKind::Peer {
                    SshError::channel(SshErrorKind::Unsupported, "the server offers no sftp")
                } else {
                    self.explain(error)
                }
            })?;
        Ok(channel)
    }

    pub(crate) fn sftp_config(&self) -> russh_sftp::client::Config {
        russh_sftp::client::Config {
            request_timeout_secs: self.limits.request.as_secs().max(1),
            ..russh_sftp::client::Config::default()
        }
    }

    /// Adds the reason for which the connection ended, where the error itself only says that it did.
    pub(crate) fn explain(&self, mut error: SshError) -> SshError {
        let end = self.end.lock().ok().and_then(|end| end.clone());
        if let (SshErrorKind::Unreachable, Some(end)) = (error.kind, end)
            && !error.message.contains(&end)
        {
            error.message = format!("{}: {end}", error.message);
        }
        error
    }

    pub(crate) fn timeout(&self, what: &str) -> SshError {
        SshError::channel(
            SshErrorKind::Timeout,
            format!(
                "{what} took longer than {} s",
                self.limits.request.as_secs_f32()
            ),
        )
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The handle's end lets russh's task finish what is queued (a TERM, a close) and leave; a server that takes
        // nothing any more must not keep that task alive.
        let cut = self.cut.clone();
        let unfinished = Arc::clone(&self.unfinished);
        let patience = self.limits.request.max(GOODBYE);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    let started = tokio::time::Instant::now();
                    tokio::time::sleep(GOODBYE).await;
                    while Arc::strong_count(&unfinished) > 1 && started.elapsed() < patience {
                        tokio::time::sleep(UNFINISHED_POLL).await;
                    }
                    cut.cancel();
                });
            }
            Err(_) => cut.cancel(),
        }
    }
}
