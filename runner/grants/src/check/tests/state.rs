//! Values that last between runs.

use super::{Outcome, no, yes};
use crate::check::{Act, Rule};

pub(super) fn table() -> Vec<(Act<'static>, Outcome)> {
    let read = |input| Act::StateRead { input };
    let write = |input| Act::StateWrite { input };
    let mut table = vec![
        (read("/seen"), yes("images")),
        (read("/kept"), yes("releases")),
        (write("/kept"), yes("releases")),
        (write("/set"), yes("last")),
        (
            write("/seen"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `write` on `/seen`",
            ),
        ),
        (
            read("/set"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `read` on `/set`",
            ),
        ),
        (
            write("/state-off"),
            no(
                Rule::AccessOff,
                "`write` on `/state-off` needs `flag: true`",
            ),
        ),
        (
            read("/state-off"),
            no(Rule::AccessOff, "`read` on `/state-off` needs `flag: true`"),
        ),
        // A path that may be read and written is no state.
        (
            read("/read"),
            no(Rule::NoAuthority, "`/read` is a path, not a state"),
        ),
        (
            write("/write"),
            no(Rule::NoAuthority, "`/write` is a path, not a state"),
        ),
    ];
    let acts: [fn(&'static str) -> Act<'static>; 2] = [read, write];
    for (act, word) in acts.into_iter().zip(["read", "write"]) {
        table.extend([
            (act("/unset-state"), Outcome::NotSet),
            (
                act("/text"),
                no(
                    Rule::NoAuthority,
                    &format!("`/text` is a string; it grants no {word} access"),
                ),
            ),
            (
                act("/nothing"),
                no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
            ),
        ]);
    }
    table
}
