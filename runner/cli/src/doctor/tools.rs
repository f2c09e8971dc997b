//! Other programs that some commands start. Runs need none of them.

use super::Check;
use crate::context::Context;
use crate::git;

const PART: &str = "tools";

pub(super) fn checks(context: &Context) -> Vec<Check> {
    vec![match git::version(&context.environment) {
        Some(version) => Check::good(PART, "git", version),
        None => Check::note(PART, "git", "not found: `plan --diff` needs it"),
    }]
}
