//! Key exchange, host key and authentication over a stream that the caller has connected.

use std::borrow::Cow;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::client::{AuthResult, Config, DisconnectReason, Handle, Handler};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelOpenFailure, Preferred, cipher};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::credentials::Credentials;
use crate::error::{SshError, SshErrorKind, Stage};
use crate::known_hosts::{
    HostKeyRefusal, HostKeys, check_host_key, preferred_algorithms, warnings,
};
use crate::session::Session;
use crate::stream::GuardedStream;

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

/// Measured fastest first; all three are authenticated, so no MAC is negotiated beside them.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
];

/// What russh's task tells us about the connection.
pub(crate) struct ClientHandler {
    target: Target,
    host_keys: HostKeys,
    end: Arc<Mutex<Option<String>>>,
}

/// Why russh's task ended.
#[derive(Debug)]
pub(crate) enum HandlerError {
    Russh(russh::Error),
    HostKey(HostKeyRefusal),
}

impl From<russh::Error> for HandlerError {
    fn from(error: russh::Error) -> Self {
        Self::Russh(error)
    }
}

impl Handler for ClientHandler {
    type Error = HandlerError;

    async fn check_server_key(
        &mut self,
        offered: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = offered else {
            // Certificates are not offered, so a server that sends one breaks the protocol.
            return Ok(false);
        };
        check_host_key(&self.host_keys, &self.target.host, self.target.port, key)
            .map_err(HandlerError::HostKey)?;
        Ok(true)
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<Self::Error>,
    ) -> Result<(), Self::Error> {
        let (text, result) = match reason {
            DisconnectReason::ReceivedDisconnect(info) => (
                format!("the server disconnected: {}", printable(&info.message)),
                Ok(()),
            ),
            DisconnectReason::Error(HandlerError::Russh(error)) => (
                SshError::from_russh(Stage::Channel, &error).message,
                Err(HandlerError::Russh(error)),
            ),
            DisconnectReason::Error(error) => ("the host key was refused".to_owned(), Err(error)),
        };
        if let Ok(mut end) = self.end.lock() {
            end.get_or_insert(text);
        }
        result
    }

    // A server has no business opening channels to us: each kind is refused rather than accepted by default.
    fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: russh::Channel<russh::client::Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: russh::client::ChannelOpenHandle,
        _: &mut russh::client::Session,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        refuse(reply)
    }

    fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: russh::Channel<russh::client::Msg>,
        _: &str,
        reply: russh::client::ChannelOpenHandle,
        _: &mut russh::client::Session,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        refuse(reply)
    }

    fn server_channel_open_agent_forward(
        &mut self,
        _: russh::Channel<russh::client::Msg>,
        reply: russh::client::ChannelOpenHandle,
        _: &mut russh::client::Session,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        refuse(reply)
    }

    fn server_channel_open_session(
        &mut self,
        _: russh::Channel<russh::client::Msg>,
        reply: russh::client::ChannelOpenHandle,
        _: &mut russh::client::Session,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        refuse(reply)
    }

    fn server_channel_open_direct_tcpip(
        &mut self,
        _: russh::Channel<russh::client::Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: russh::client::ChannelOpenHandle,
        _: &mut russh::client::Session,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        refuse(reply)
    }

    fn server_channel_open_direct_streamlocal(
        &mut self,
        _: russh::Channel<russh::client::Msg>,
        _: &str,
        reply: russh::client::ChannelOpenHandle,
        _: &mut russh::client::Session,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        refuse(reply)
    }

    fn server_channel_open_x11(
        &mut self,
        _: russh::Channel<russh::client::Msg>,
        _: &str,
        _: u32,
        reply: russh::client::ChannelOpenHandle,
        _: &mut russh::client::Session,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        refuse(reply)
    }
}

async fn refuse(reply: russh::client::ChannelOpenHandle) -> Result<(), HandlerError> {
    reply
        .reject(ChannelOpenFailure::AdministrativelyProhibited)
        .await;
    Ok(())
}

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
    let key = credentials.load()?;
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
    let connecting = russh::client::connect_stream(Arc::new(config), stream, handler);
    let handle = match tokio::time::timeout(limits.handshake, connecting).await {
        Ok(Ok(handle)) => handle,
        Ok(Err(error)) => return Err(handshake_error(error, target, host_keys)),
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
    let handle = authenticate(handle, target, key, limits.authentication).await?;
    on_drop.disarm();
    Ok(Session::new(handle, cut, end, *limits, warnings(host_keys)))
}

fn config(target: &Target, host_keys: &HostKeys, limits: &ConnectLimits) -> Config {
    Config {
        preferred: Preferred {
            key: Cow::Owned(preferred_algorithms(host_keys, &target.host, target.port)),
            cipher: Cow::Borrowed(CIPHERS),
            ..Preferred::DEFAULT
        },
        channel_buffer_size: CHANNEL_BUFFER,
        keepalive_interval: Some(limits.keepalive),
        keepalive_max: KEEPALIVES_UNANSWERED,
        nodelay: true,
        ..Config::default()
    }
}

async fn authenticate(
    mut handle: Handle<ClientHandler>,
    target: &Target,
    key: Arc<PrivateKey>,
    limit: Duration,
) -> Result<Handle<ClientHandler>, SshError> {
    let tried = format!(
        "publickey ({} {})",
        key.algorithm().as_str(),
        key.fingerprint(HashAlg::Sha256)
    );
    let key = PrivateKeyWithHashAlg::new(key, None);
    let attempt = handle.authenticate_publickey(target.user.clone(), key);
    let result = match tokio::time::timeout(limit, attempt).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => return Err(SshError::from_russh(Stage::Authentication, &error)),
        Err(_) => {
            return Err(SshError::new(
                Stage::Authentication,
                SshErrorKind::Timeout,
                format!(
                    "{target} did not answer the login within {} s",
                    limit.as_secs_f32()
                ),
            ));
        }
    };
    let AuthResult::Failure {
        remaining_methods,
        partial_success,
    } = result
    else {
        return Ok(handle);
    };
    let accepts: Vec<&'static str> = remaining_methods.iter().map(Into::into).collect();
    let details = json!({ "user": target.user, "tried": [tried], "server_accepts": accepts });
    let (kind, message) = if accepts.is_empty() && !partial_success {
        (
            SshErrorKind::Unreachable,
            format!("the server closed the connection during the login; tried {tried}"),
        )
    } else if partial_success {
        (
            SshErrorKind::Unauthorized,
            format!(
                "the key was accepted, but the server also wants: {}",
                accepts.join(", ")
            ),
        )
    } else {
        (
            SshErrorKind::Unauthorized,
            format!(
                "{} was refused; tried {tried}; the server accepts: {}",
                target.user,
                accepts.join(", ")
            ),
        )
    };
    Err(SshError::new(Stage::Authentication, kind, message).with_details(details))
}

fn handshake_error(error: HandlerError, target: &Target, host_keys: &HostKeys) -> SshError {
    match error {
        HandlerError::HostKey(refusal) => host_key_error(&refusal, target, host_keys),
        HandlerError::Russh(russh::Error::NoCommonAlgo { kind, ours, theirs }) => {
            let hint = if theirs.iter().any(|name| name.contains("rsa"))
                && matches!(kind, russh::AlgorithmKind::Key)
            {
                "; RSA host keys are not supported: give the server an ed25519 one (ssh-keygen -A)"
            } else {
                ""
            };
            let what = format!("{kind:?}").to_lowercase();
            SshError::new(
                Stage::KeyExchange,
                SshErrorKind::Peer,
                format!("no {what} algorithm in common{hint}"),
            )
            .with_details(json!({ "ours": ours, "theirs": theirs }))
        }
        HandlerError::Russh(error) => SshError::from_russh(Stage::KeyExchange, &error),
    }
}

fn host_key_error(refusal: &HostKeyRefusal, target: &Target, host_keys: &HostKeys) -> SshError {
    let mut details = match refusal.details() {
        Value::Object(details) => details,
        _ => Map::new(),
    };
    details.insert("host".into(), json!(target.host));
    details.insert("port".into(), json!(target.port));
    let warnings = warnings(host_keys);
    if !warnings.is_empty() {
        details.insert("warnings".into(), json!(warnings));
    }
    let (kind, hint) = match refusal {
        HostKeyRefusal::Unknown {
            line_to_add,
            other_types,
            ..
        } => {
            let others = if other_types.is_empty() {
                String::new()
            } else {
                "; only keys of other types are known for it".to_owned()
            };
            (
                SshErrorKind::HostKeyUnknown,
                format!("{others}; if the fingerprint is right, add: {line_to_add}"),
            )
        }
        HostKeyRefusal::Mismatch { .. } => (
            SshErrorKind::HostKeyMismatch,
            "; the server was reinstalled, or somebody is in between".to_owned(),
        ),
        HostKeyRefusal::Revoked { .. } => (SshErrorKind::HostKeyRevoked, String::new()),
    };
    SshError::new(
        Stage::HostKey,
        kind,
        format!("{}:{}: {refusal}{hint}", target.host, target.port),
    )
    .with_details(Value::Object(details))
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
