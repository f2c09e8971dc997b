//! Why a step failed.

use serde::Serialize;

use crate::error::{Error, ErrorKind};

/// Why a step failed, as its plugin tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A sentence for people.
    pub message: String,
    /// The kind of the call that failed, where one did.
    pub kind: Option<ErrorKind>,
    /// More, as JSON.
    pub details: Option<String>,
}

impl Failure {
    /// A finding of the plugin's own.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind: None,
            details: None,
        }
    }

    /// The inputs make no sense together.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(message).with_kind(ErrorKind::Invalid)
    }

    /// The same failure, of this kind.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// The same failure, with more to read for programs. What JSON can't hold is left out.
    #[must_use]
    pub fn with_details(mut self, details: &impl Serialize) -> Self {
        self.details = serde_json::to_string(details).ok();
        self
    }

    /// The same failure, with what was being done in front of its message.
    #[must_use]
    pub fn while_doing(mut self, what: impl std::fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = match &error.stage {
            Some(stage) => format!("{} (at {stage})", error.message),
            None => error.message,
        };
        Self {
            message,
            kind: Some(error.kind),
            details: error.details,
        }
    }
}

#[cfg(target_family = "wasm")]
impl From<Failure> for crate::bindings::capstep::step::types::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            message: failure.message,
            kind: failure.kind.map(|kind| kind.word().to_owned()),
            details: failure.details,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calls_error_keeps_its_kind_and_stage() {
        let failure: Failure = Error::new(ErrorKind::Unreachable, "connection refused")
            .at_stage("tcp")
            .into();
        assert_eq!(failure.message, "connection refused (at tcp)");
        assert_eq!(failure.kind, Some(ErrorKind::Unreachable));
        assert_eq!(
            failure.while_doing("root@a").message,
            "root@a: connection refused (at tcp)"
        );
    }

    #[test]
    fn details_are_json() {
        let failure = Failure::new("no").with_details(&serde_json::json!({ "missing": ["A"] }));
        assert_eq!(failure.details.as_deref(), Some(r#"{"missing":["A"]}"#));
    }
}
