//! How a verb fails: with an error that the plugin can deal with, or with a denial that fails the step.

use capstep_grants::check::{Denial, Refusal, Rule};
use serde_json::json;

use crate::protocol::{ErrorKind, VerbError};

/// Why a verb did not do what it was asked.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It failed.
    Error(VerbError),
    /// A rule stopped it.
    Denied(Box<Denial>),
}

impl Fault {
    /// A denial found out while acting: an address, a link, a redirect.
    pub(crate) fn denied(rule: Rule, pointer: &str, message: impl Into<String>) -> Self {
        Self::Denied(Box::new(Denial {
            rule,
            pointer: pointer.to_owned(),
            message: message.into(),
            hint: None,
            place: None,
        }))
    }

    /// An error without stage or details.
    pub(crate) fn error(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Error(VerbError::new(kind, message))
    }
}

impl From<VerbError> for Fault {
    fn from(error: VerbError) -> Self {
        Self::Error(error)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(denial) => Self::Denied(denial),
            Refusal::NotSet(pointer) => Self::error(
                ErrorKind::NotFound,
                format!("the step did not set the input at `{pointer}`"),
            ),
        }
    }
}

/// What the plugin sees of a denial.
pub(crate) fn denial_error(denial: &Denial) -> VerbError {
    VerbError::new(ErrorKind::Denied, denial.message.clone())
        .with(json!({ "rule": denial.rule, "pointer": denial.pointer, "hint": denial.hint }))
}
