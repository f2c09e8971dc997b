//! What is wrong with the variables: all of it at once, each where it stands.

use capstep_sdk::{Failure, Pointer};
use serde::Serialize;

/// One thing that is wrong. No values: a value in the wrong place may be what should have been a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// The input that it is about, as a JSON Pointer: the variable's own, or `/vars` where it isn't there.
    pub(crate) pointer: String,
    /// The variable's name.
    pub(crate) name: String,
    /// What is wrong.
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn of(name: &str, message: impl Into<String>) -> Self {
        Self {
            pointer: variable(name).to_string(),
            name: name.to_owned(),
            message: message.into(),
        }
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self {
            pointer: Pointer::input("vars").to_string(),
            name: name.to_owned(),
            message: "is missing".to_owned(),
        }
    }
}

/// The pointer of a variable.
pub(crate) fn variable(name: &str) -> Pointer {
    Pointer::input("vars").key(name)
}

/// The failure that tells all problems; none where there are none.
pub(crate) fn failure(problems: &[Problem]) -> Option<Failure> {
    if problems.is_empty() {
        return None;
    }
    let told: Vec<_> = problems
        .iter()
        .map(|problem| format!("{} {}", problem.name, problem.message))
        .collect();
    let failure = Failure::invalid(format!("vars: {}", told.join("; ")));
    Some(failure.with_details(&serde_json::json!({ "problems": problems })))
}
