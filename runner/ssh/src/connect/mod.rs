//! Key exchange, host key and authentication over a stream that the caller has connected.

mod algorithms;
mod authenticate;
mod handler;
mod refused;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use russh::client::Config;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::credentials::Credentials;
use crate::error::{SshError, SshErrorKind, Stage};
use crate::known_hosts::{HostKeys, warnings};
use crate::session::Session;
use crate::stream::{GuardedStream, Inbound, LOGIN_LIMIT};

use authenticate::authenticate;
pub(crate) use handler::ClientHandler;
use handler::HandlerError;
use refused::handshake_error;

/// An account on a host. The name is used to look up host keys; nothing is resolved here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The account.
    pub user: String,
    /// A name or an address, without brackets.
    pub host: String,
    /// Usually 22.
    pub port: u16,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}:{}", self.user, self.host, self.port)
    }
}

/// How long the other side may take.
#[derive(Debug, Clone, Copy)]
pub struct ConnectLimits {
    /// For versions, key exchange and host key together.
    pub handshake: Duration,
    /// For authentication; servers delay refusals by seconds.
    pub authentication: Duration,
    /// For one request on the open connection: a channel, a command's start, a file operation.
    pub request: Duration,
    /// A silent server is asked for a sign of life this often, and given up after four questions.
    pub keepalive: Duration,
}

impl Default for ConnectLimits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(30),
            authentication: Duration::from_secs(30),
            request: Duration::from_secs(60),
            keepalive: Duration::from_secs(15),
        }
    }
}

/// Keepalives that may stay unanswered before the connection counts as lost.
const KEEPALIVES_UNANSWERED: usize = 3;

/// Messages that wait for a slow consumer before the whole connection is held back: 64 × 32 KiB is the memory that a
/// channel can take.
const CHANNEL_BUFFER: usize = 64;

/// Opens a session on a connected stream.
///
/// The key is read before the first byte is sent, so a key that can't be used fails without a login attempt. Fails at
/// the stages key exchange, host key and authentication; a server that says nothing ends in a timeout at key
/// exchange. Dropping the future closes the stream.
pub async fn connect<S>(
    stream: S,
    target: &Target,
    host_keys: &HostKeys,
    credentials: &Credentials,
    limits: &ConnectLimits,
) -> Result<Session, SshError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let login = credentials.load(now())?;
    let config = config(target, host_keys, limits);
    let end = Arc::new(Mutex::new(None));
    let handler = ClientHandler {
        target: target.clone(),
        host_keys: host_keys.clone(),
        end: Arc::clone(&end),
    };
    let cut = CancellationToken::new();
    // Cancels when this future is dropped or fails; disarmed once a session owns the connection.
    let on_drop = cut.clone().drop_guard();
    let stream = GuardedStream::new(stream, cut.clone());
    let inbound = stream.inbound();
    let connecting = russh::client::connect_stream(Arc::new(config), stream, handler);
    let handle = match tokio::time::timeout(limits.handshake, connecting).await {
        Ok(Ok(handle)) => handle,
        Ok(Err(error)) => return Err(handshake_error(error, target, host_keys, &inbound)),
        Err(_) => {
            return Err(SshError::new(
                Stage::KeyExchange,
                SshErrorKind::Timeout,
                format!(
                    "{target} did not finish the key exchange within {} s",
                    limits.handshake.as_secs_f32()
                ),
            ));
        }
    };
    let login = authenticate(handle, target, login, limits.authentication).await;
    let handle =
        login.map_err(|error| too_much(Stage::Authentication, &inbound).unwrap_or(error))?;
    inbound.lift();
    on_drop.disarm();
    Ok(Session::new(handle, cut, end, *limits, warnings(host_keys)))
}

/// The error of a server that never stops talking before it lets anybody in; none where that is not so.
fn too_much(stage: Stage, inbound: &Inbound) -> Option<SshError> {
    inbound.is_too_much().then(|| {
        let message = format!(
            "the server sent more than {} KiB before the login",
            LOGIN_LIMIT / 1024
        );
        SshError::new(stage, SshErrorKind::TooLarge, message)
    })
}

fn config(target: &Target, host_keys: &HostKeys, limits: &ConnectLimits) -> Config {
    Config {
        preferred: algorithms::preferred(host_keys, target),
        channel_buffer_size: CHANNEL_BUFFER,
        keepalive_interval: Some(limits.keepalive),
        keepalive_max: KEEPALIVES_UNANSWERED,
        nodelay: true,
        ..Config::default()
    }
}

/// Seconds since 1970: what certificates are compared with.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// A text of the server's without control characters, cut to a line's length.
pub(crate) fn printable(text: &str) -> String {
    const LIMIT: usize = 300;
    text.chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(LIMIT)
        .collect::<String>()
        .trim()
        .to_owned()
}
