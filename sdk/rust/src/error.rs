//! Why a call to the host failed.

use thiserror::Error as ThisError;

/// What went wrong, as one documented word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No grant covers the call. The step fails whatever the plugin does next.
    Denied,
    /// What was named isn't there; an input that is declared and not set too.
    NotFound,
    /// The call makes no sense: a bad argument, or at the wrong time.
    Invalid,
    /// No connection.
    Unreachable,
    /// The time was up.
    Timeout,
    /// The other side didn't accept the login.
    Unauthorized,
    /// Something else is in the way.
    Conflict,
    /// The other side refused.
    Peer,
    /// Over a limit.
    TooLarge,
    /// The step or the operation was cancelled.
    Cancelled,
    /// This host can't.
    Unsupported,
    /// The host's own trouble, and every word that this SDK doesn't know.
    Internal,
}

impl ErrorKind {
    /// Every kind, for enumeration.
    pub const ALL: [Self; 12] = [
        Self::Denied,
        Self::NotFound,
        Self::Invalid,
        Self::Unreachable,
        Self::Timeout,
        Self::Unauthorized,
        Self::Conflict,
        Self::Peer,
        Self::TooLarge,
        Self::Cancelled,
        Self::Unsupported,
        Self::Internal,
    ];

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::Invalid => "invalid",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Unauthorized => "unauthorized",
            Self::Conflict => "conflict",
            Self::Peer => "peer",
            Self::TooLarge => "too-large",
            Self::Cancelled => "cancelled",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }

    /// The kind of a word; unknown ones are [`ErrorKind::Internal`].
    pub fn from_word(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .unwrap_or(Self::Internal)
    }
}

impl std::fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a call to the host failed.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{message}")]
pub struct Error {
    /// What went wrong.
    pub kind: ErrorKind,
    /// How far it came; for SSH one of `name`, `tcp`, `key exchange`, `host key`, `authentication`, `channel` and
    /// `remote exit`.
    pub stage: Option<String>,
    /// A sentence for people.
    pub message: String,
    /// More, as JSON.
    pub details: Option<String>,
}

impl Error {
    /// An error of this kind, with neither stage nor details.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            stage: None,
            message: message.into(),
            details: None,
        }
    }

    /// The same error, with the stage it came to.
    #[must_use]
    pub fn at_stage(mut self, stage: impl Into<String>) -> Self {
        self.stage = Some(stage.into());
        self
    }

    /// Whether trying again can never help: nothing about the call would be different.
    pub fn is_final(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::Unsupported | ErrorKind::Cancelled
        )
    }
}

impl From<crate::bindings::capstep::step::types::Error> for Error {
    fn from(error: crate::bindings::capstep::step::types::Error) -> Self {
        Self {
            kind: ErrorKind::from_word(&error.kind),
            stage: error.stage,
            message: error.message,
            details: error.details,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_to_their_kinds_and_unknown_ones_to_internal() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_word(kind.word()), kind);
        }
        assert_eq!(ErrorKind::from_word("a-word-of-2030"), ErrorKind::Internal);
    }

    #[test]
    fn only_errors_of_the_call_itself_are_final() {
        let finals: Vec<_> = ErrorKind::ALL
            .into_iter()
            .filter(|kind| Error::new(*kind, "").is_final())
            .map(ErrorKind::word)
            .collect();
        assert_eq!(finals, ["denied", "invalid", "cancelled", "unsupported"]);
    }
}
