//! What went wrong, and at which stage of the way to the remote host.

use std::fmt;

use serde_json::Value;

/// How far a connection or a remote operation had come when it failed, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The host's name was looked up (by the caller, before this crate is reached).
    Name,
    /// The TCP connection was opened (by the caller as well).
    Tcp,
    /// Version and algorithms were agreed and the session's keys derived.
    KeyExchange,
    /// The server's host key was compared with what the pipeline expects.
    HostKey,
    /// The user's key was offered.
    Authentication,
    /// A channel, a file operation or one of the host's own commands ran.
    Channel,
    /// The remote program ran, and its end was lost.
    RemoteExit,
}

impl Stage {
    /// The words that errors and reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Tcp => "tcp",
            Self::KeyExchange => "key exchange",
            Self::HostKey => "host key",
            Self::Authentication => "authentication",
            Self::Channel => "channel",
            Self::RemoteExit => "remote exit",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The class of a failure: what a caller decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SshErrorKind {
    /// The connection could not be made or was lost.
    Unreachable,
    /// The other side did not answer in time.
    Timeout,
    /// No line of the known hosts, or no fingerprint, is about this server's key.
    HostKeyUnknown,
    /// The server's key differs from the expected one of the same type.
    HostKeyMismatch,
    /// The server's key is marked `@revoked`.
    HostKeyRevoked,
    /// The server's certificate is not valid for it, and its key by itself is not known.
    HostCertificate,
    /// The server did not accept the user's key.
    Unauthorized,
    /// The private key cannot be used: not a key, a wrong passphrase, an unsupported type.
    KeyInvalid,
    /// A value that the caller handed over cannot be used: a variable's name, a path, a release's name.
    Invalid,
    /// The other side refused or failed an operation.
    Peer,
    /// A remote path leads, through a link, out of the designated one.
    Outside,
    /// A remote file or folder is not there.
    NotFound,
    /// Something is in the way: a folder where a file should go, a release of that name, a file that changed.
    Conflict,
    /// An answer or a file is larger than the caller allowed.
    TooLarge,
    /// The remote host lacks what the operation needs.
    Unsupported,
    /// The operation was cancelled.
    Cancelled,
    /// A fault of this crate or of a library below it.
    Internal,
}

impl SshErrorKind {
    /// The word that the interface's error record uses, a closed set shared with the other verbs where it has one.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::HostKeyUnknown => "host-key-unknown",
            Self::HostKeyMismatch => "host-key-mismatch",
            Self::HostKeyRevoked => "host-key-revoked",
            Self::HostCertificate => "host-certificate",
            Self::Unauthorized => "unauthorized",
            Self::KeyInvalid => "key-invalid",
            Self::Invalid => "invalid",
            Self::Peer => "peer",
            Self::Outside => "outside",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::TooLarge => "too-large",
            Self::Unsupported => "unsupported",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for SshErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure, with the stage it happened at.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{stage}: {message}")]
pub struct SshError {
    /// How far the operation had come.
    pub stage: Stage,
    /// The class of the failure.
    pub kind: SshErrorKind,
    /// What happened, as a lower-case fragment; holds no secret.
    pub message: String,
    /// The same as data, for reports (`offered`, `expected`, `tried`, ...); an object or null.
    pub details: Value,
}

impl SshError {
    /// An error without details.
    pub fn new(stage: Stage, kind: SshErrorKind, message: impl Into<String>) -> Self {
        Self {
            stage,
            kind,
            message: message.into(),
            details: Value::Null,
        }
    }

    /// An error of the channel stage, the usual one once a session stands.
    pub(crate) fn channel(kind: SshErrorKind, message: impl Into<String>) -> Self {
        Self::new(Stage::Channel, kind, message)
    }

    /// The same error with details.
    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// What a russh error means once the session stands.
    pub(crate) fn from_russh(stage: Stage, error: &russh::Error) -> Self {
        use russh::Error as E;
        let kind = match error {
            E::Disconnect | E::HUP | E::SendError | E::RecvError | E::IO(_) => {
                SshErrorKind::Unreachable
            }
            E::ConnectionTimeout | E::KeepaliveTimeout | E::InactivityTimeout | E::Elapsed(_) => {
                SshErrorKind::Timeout
            }
            E::Inconsistent | E::Join(_) | E::InvalidConfig(_) => SshErrorKind::Internal,
            _ => SshErrorKind::Peer,
        };
        let message = match error {
            E::Disconnect | E::HUP => "the server closed the connection".to_owned(),
            // The same, where bytes were on their way to it.
            E::IO(error) if is_closed(error) => "the server closed the connection".to_owned(),
            E::SendError | E::RecvError => "the connection is closed".to_owned(),
            E::KeepaliveTimeout => "the server no longer answers".to_owned(),
            E::IO(error) => format!("the connection failed: {error}"),
            other => lower_first(&other.to_string()),
        };
        Self::new(stage, kind, message)
    }
}

/// Whether the other side has ended a connection, whichever way that became known.
fn is_closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof
    )
}

/// Error texts of libraries begin with a capital; ours are fragments.
pub(crate) fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
