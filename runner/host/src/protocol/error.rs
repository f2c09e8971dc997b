//! The error record that every verb answers with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A failed call, as the plugin sees it and the journal writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[error("{message}")]
pub struct VerbError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// How far it came, where the verb has stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// A sentence for people.
    pub message: String,
    /// More.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

/// The documented kinds. A plugin treats one it doesn't know as `internal`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// A rule stopped it; the step fails whatever the plugin returns.
    Denied,
    /// What was named is not there, or the input was not set.
    NotFound,
    /// The arguments make no sense.
    Invalid,
    /// No connection could be made.
    Unreachable,
    /// The time was up.
    Timeout,
    /// The other side did not accept who we are.
    Unauthorized,
    /// It is already there, or in use.
    Conflict,
    /// The other side refused, or failed.
    Peer,
    /// More than the limit.
    TooLarge,
    /// Cancelled by the plugin, the user or the step's end.
    Cancelled,
    /// Neither this host nor the other side can do it.
    Unsupported,
    /// A fault of the host.
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

    /// The documented word.
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

    /// The kind of a word; `internal` for one that isn't known.
    pub fn from_word(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .unwrap_or(Self::Internal)
    }
}

impl VerbError {
    /// An error without stage or details.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            stage: None,
            message: message.into(),
            details: Value::Null,
        }
    }

    /// With the stage it came to.
    #[must_use]
    pub fn at(mut self, stage: impl Into<String>) -> Self {
        self.stage = Some(stage.into());
        self
    }

    /// With more to say.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}
