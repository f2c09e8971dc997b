//! What this machine has of what runs need.
//!
//! Each part gives its own lines; a new part is a function in `PARTS` and a file:
//!
//! - `program`: this program itself;
//! - `folders`: where state and compiled plugins are kept;
//! - `kernel`: what the kernel offers for keeping processes apart;
//! - `engine`: the Docker engine;
//! - `tools`: other programs that some commands start.
//!
//! Looking changes nothing: nothing is started but `git --version`, and a script that does nothing, in the sandbox that
//! is tried; its folder is gone afterwards.

mod engine;
mod folders;
mod kernel;
mod program;
mod tools;

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;

/// The version of this shape.
const DOCTOR_VERSION: u32 = 1;

/// The parts, in the order they are shown.
const PARTS: [fn(&Context) -> Vec<Check>; 5] = [
    program::checks,
    folders::checks,
    kernel::checks,
    engine::checks,
    tools::checks,
];

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Findings {
    /// The version of this shape.
    pub(crate) version: u32,
    /// Whether runs can work here: no check is a problem.
    pub(crate) healthy: bool,
    /// The checks.
    pub(crate) checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Check {
    /// What belongs together: `folders`.
    pub(crate) part: &'static str,
    /// What was looked at: `state`.
    pub(crate) name: &'static str,
    /// How it stands.
    pub(crate) state: CheckState,
    /// What was found.
    pub(crate) found: String,
    /// What to do about it, where there is something.
    pub(crate) hint: Option<String>,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckState {
    /// As it should be.
    Good,
    /// Worth knowing; what needs it can't be used, everything else works.
    Note,
    /// Runs can't work until it is mended.
    Problem,
}

impl Check {
    fn new(part: &'static str, name: &'static str, state: CheckState, found: String) -> Self {
        Self {
            part,
            name,
            state,
            found,
            hint: None,
        }
    }

    fn good(part: &'static str, name: &'static str, found: impl Into<String>) -> Self {
        Self::new(part, name, CheckState::Good, found.into())
    }

    fn note(part: &'static str, name: &'static str, found: impl Into<String>) -> Self {
        Self::new(part, name, CheckState::Note, found.into())
    }

    fn problem(part: &'static str, name: &'static str, found: impl Into<String>) -> Self {
        Self::new(part, name, CheckState::Problem, found.into())
    }

    #[must_use]
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Looks at everything.
pub(crate) fn look(context: &Context) -> Findings {
    let checks: Vec<Check> = PARTS.iter().flat_map(|part| part(context)).collect();
    Findings {
        version: DOCTOR_VERSION,
        healthy: checks
            .iter()
            .all(|check| check.state != CheckState::Problem),
        checks,
    }
}
