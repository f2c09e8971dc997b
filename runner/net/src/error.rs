//! The one error type of the crate.

use serde_json::{Value, json};

use crate::rule::AddressRefusal;

/// What went wrong, in a word that a caller can match on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetErrorKind {
    /// A name could not be resolved.
    Name,
    /// Denied: by the address rule, or by the check of a redirect. `details.rule` says which rule.
    Refused,
    /// No connection: refused by the peer, no route, reset.
    Unreachable,
    /// The time given has passed.
    Timeout,
    /// TLS could not be set up, or the certificate is not acceptable.
    Tls,
    /// The peer does not speak proper HTTP, broke off, or redirected too often.
    Http,
    /// The peer sent more than the limit.
    TooLarge,
    /// The caller's own body stream was broken off.
    Cancelled,
    /// The request itself is wrong.
    Invalid,
}

/// A failed connection or request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NetError {
    /// What went wrong.
    pub kind: NetErrorKind,
    /// One line for people; says the stage (``cannot resolve `x.example`: ...``).
    pub message: String,
    /// More for programs: an object, often empty. Holds no header or body bytes of the request.
    pub details: Value,
}

impl NetError {
    pub(crate) fn new(kind: NetErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            details: json!({}),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(NetErrorKind::Invalid, message)
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Value::Object(details) = &mut self.details {
            details.insert(name.to_owned(), value.into());
        }
        self
    }

    /// The rule that denied, where one did.
    pub fn rule(&self) -> Option<&str> {
        self.details.get("rule").and_then(Value::as_str)
    }
}

impl From<AddressRefusal> for NetError {
    fn from(refusal: AddressRefusal) -> Self {
        Self::new(NetErrorKind::Refused, refusal.message)
            .with("rule", refusal.rule)
            .with("class", refusal.class.to_string())
    }
}
