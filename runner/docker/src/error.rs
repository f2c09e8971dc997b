//! What went wrong, and at which stage of the way from a folder to an image in a registry.

use std::fmt;

use serde_json::Value;

use crate::build::failure::FailedInstruction;

/// What was being done when it failed, in the order in which a pipeline does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The engine's address was looked for.
    Find,
    /// The connection to the engine was opened, and its version asked.
    Connect,
    /// Credentials were checked with a registry.
    Login,
    /// The build context was read.
    Context,
    /// An image was pulled.
    Pull,
    /// An image was built.
    Build,
    /// An image was given a name.
    Tag,
    /// An image was pushed.
    Push,
    /// An image was looked at.
    Inspect,
    /// An image or what a build left was removed.
    Remove,
}

impl Stage {
    /// The words that errors and reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Connect => "connect",
            Self::Login => "login",
            Self::Context => "context",
            Self::Pull => "pull",
            Self::Build => "build",
            Self::Tag => "tag",
            Self::Push => "push",
            Self::Inspect => "inspect",
            Self::Remove => "remove",
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
pub enum DockerErrorKind {
    /// The engine or, by way of the engine, a registry could not be reached, or the connection was lost.
    Unreachable,
    /// There was no answer in time.
    Timeout,
    /// The registry did not accept the credentials, or the account may not do this.
    Unauthorized,
    /// There is no such image, tag, Dockerfile or stage.
    NotFound,
    /// Something is in the way: an image in use, a name that is taken.
    Conflict,
    /// A disk of the engine or the registry is full.
    DiskFull,
    /// An instruction of the Dockerfile failed; [`DockerError::instruction`] says which.
    BuildFailed,
    /// The engine refused or failed an operation.
    Peer,
    /// A value that the caller handed over cannot be used: a reference, a pattern, an address.
    Invalid,
    /// A file of the context may not be sent.
    Refused,
    /// This engine, or this builder, cannot do what was asked.
    Unsupported,
    /// Something is larger than its limit.
    TooLarge,
    /// The operation was cancelled.
    Cancelled,
    /// A fault of this crate or of a library below it.
    Internal,
}

impl DockerErrorKind {
    /// The word that the interface's error record uses, a closed set shared with the other verbs where it has one.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::DiskFull => "disk-full",
            Self::BuildFailed => "build-failed",
            Self::Peer => "peer",
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Unsupported => "unsupported",
            Self::TooLarge => "too-large",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for DockerErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure, with the stage it happened at.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{stage}: {message}")]
pub struct DockerError {
    /// What was being done.
    pub stage: Stage,
    /// The class of the failure.
    pub kind: DockerErrorKind,
    /// What happened, as a lower-case fragment; holds no secret that this crate was handed.
    pub message: String,
    /// The same as data, for reports (`registry`, `path`, `status`, ...); an object or null.
    pub details: Value,
    /// The instruction that failed, of [`DockerErrorKind::BuildFailed`].
    pub instruction: Option<Box<FailedInstruction>>,
}

impl DockerError {
    /// An error without details.
    pub fn new(stage: Stage, kind: DockerErrorKind, message: impl Into<String>) -> Self {
        Self {
            stage,
            kind,
            message: message.into(),
            details: Value::Null,
            instruction: None,
        }
    }

    /// The same error with details.
    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    pub(crate) fn invalid(stage: Stage, message: impl Into<String>) -> Self {
        Self::new(stage, DockerErrorKind::Invalid, message)
    }

    pub(crate) fn unreachable(stage: Stage, message: impl Into<String>) -> Self {
        Self::new(stage, DockerErrorKind::Unreachable, message)
    }

    pub(crate) fn internal(stage: Stage, message: impl Into<String>) -> Self {
        Self::new(stage, DockerErrorKind::Internal, message)
    }

    pub(crate) fn cancelled(stage: Stage) -> Self {
        Self::new(stage, DockerErrorKind::Cancelled, "cancelled")
    }
}

/// What the texts of engines and registries mean. Both report failures of others as prose inside an answer that began
/// with `200 OK`, so the class has to be read from the text; the texts are those of Docker Engine 20.10 to 28.
pub(crate) fn kind_of_text(text: &str) -> DockerErrorKind {
    let text = text.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if has(&["no space left on device", "disk quota exceeded"]) {
        DockerErrorKind::DiskFull
    } else if has(&[
        "unauthorized",
        "authentication required",
        "no basic auth credentials",
        "access to the resource is denied",
        "requested access to the resource",
        "incorrect username or password",
        "authorization failed",
        "insufficient_scope",
        "403 forbidden",
        "denied:",
    ]) {
        DockerErrorKind::Unauthorized
    } else if has(&[
        "connection refused",
        "connection reset",
        "no such host",
        "network is unreachable",
        "no route to host",
        "broken pipe",
        "tls handshake",
        "unexpected eof",
        "server misbehaving",
        "temporary failure in name resolution",
        "certificate",
        "server gave http response to https client",
        "transport is closing",
        "bad gateway",
        "service unavailable",
    ]) || text.trim_end().ends_with("eof")
    {
        // Of a connection that was cut, Go says `EOF`, with or without what it was reading.
        DockerErrorKind::Unreachable
    } else if has(&[
        "i/o timeout",
        "deadline exceeded",
        "client.timeout",
        "timeout awaiting",
    ]) {
        DockerErrorKind::Timeout
    } else if has(&[
        "manifest unknown",
        "name unknown",
        "not found",
        "no such image",
        "does not exist",
        "no such file or directory",
    ]) {
        DockerErrorKind::NotFound
    } else if has(&["context canceled", "context cancelled"]) {
        DockerErrorKind::Cancelled
    } else {
        DockerErrorKind::Peer
    }
}

/// Error texts of libraries begin with a capital; ours are fragments. What is written in capitals stays (`EOF`).
pub(crate) fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if !chars.as_str().starts_with(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        Some(_) => text.to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_classified() {
        for (text, kind) in [
            ("EOF", DockerErrorKind::Unreachable),
            ("Put \"http://r/v2/\": EOF", DockerErrorKind::Unreachable),
            ("unexpected EOF", DockerErrorKind::Unreachable),
            (
                "write /x: no space left on device",
                DockerErrorKind::DiskFull,
            ),
            (
                "net/http: TLS handshake timeout",
                DockerErrorKind::Unreachable,
            ),
            ("the file EOFS is odd", DockerErrorKind::Peer),
            ("manifest unknown", DockerErrorKind::NotFound),
        ] {
            assert_eq!(kind_of_text(text), kind, "{text}");
        }
    }

    #[test]
    fn fragments_begin_small() {
        for (text, expected) in [
            ("No such image", "no such image"),
            ("EOF", "EOF"),
            ("x", "x"),
            ("", ""),
        ] {
            assert_eq!(lower_first(text), expected);
        }
    }
}
