//! Paths of the workspace.

use super::{Outcome, no, yes};
use crate::check::{Act, Rule};

pub(super) fn table() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let look = |input, entry| Act::Look { input, entry };
    let read = |input, entry| Act::Read { input, entry };
    let write = |input, entry| Act::Write { input, entry };
    let reserved = crate::workspace_path::PathProblem::Reserved;
    vec![
        (look("/read", ""), yes("src")),
        (look("/write", "a"), yes("out/a")),
        (look("/up", "a/b"), yes("bin/a/b")),
        (look("/pairs/1/local", ""), yes("b")),
        (look("/unset", ""), NotSet),
        (
            look("/nothing", ""),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            look("/text", ""),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no read access",
            ),
        ),
        (
            look("/pairs/0", ""),
            no(
                Rule::NoAuthority,
                "`/pairs/0` is a record; it grants no read access",
            ),
        ),
        (
            look("/remote", ""),
            no(Rule::NoAuthority, "`/remote` is a remote-path, not a path"),
        ),
        (
            look("/known", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `read` on `/known`",
            ),
        ),
        (
            look("/off", ""),
            no(Rule::AccessOff, "`read` on `/off` needs `flag: true`"),
        ),
        (
            look("/read", "../x"),
            no(
                Rule::OutsidePath,
                "`../x` below `src` leads out of its folder",
            ),
        ),
        (
            look("/all", ".git/config"),
            no(
                Rule::ReservedPath,
                &format!("`.git/config` below `.` {reserved}"),
            ),
        ),
        (read("/read", "a/b.txt"), yes("src/a/b.txt")),
        (read("/glob", "dist/a.txt"), yes("dist/a.txt")),
        (read("/unset", ""), NotSet),
        (
            read("", ""),
            no(Rule::UndeclaredInput, "`p` declares no input at ``"),
        ),
        (
            read("/url", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `read` on `/url`",
            ),
        ),
        (
            read("/write", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `read` on `/write`",
            ),
        ),
        (
            read("/flag", ""),
            no(
                Rule::NoAuthority,
                "`/flag` is a boolean; it grants no read access",
            ),
        ),
        (
            read("/remote", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `read` on `/remote`",
            ),
        ),
        (
            read("/off", "a"),
            no(Rule::AccessOff, "`read` on `/off` needs `flag: true`"),
        ),
        (
            read("/read", "/etc/passwd"),
            no(
                Rule::OutsidePath,
                "`/etc/passwd` below `src` is absolute; paths are relative to the pipeline's folder",
            ),
        ),
        (
            read("/glob", "dist/a/b.txt"),
            no(
                Rule::OutsidePath,
                "`dist/a/b.txt` is not matched by `dist/*.txt`",
            ),
        ),
        (
            read("/all", "Capstep.yml"),
            no(
                Rule::ReservedPath,
                &format!("`Capstep.yml` below `.` {reserved}"),
            ),
        ),
        (write("/write", "a"), yes("out/a")),
        (write("/unset", "a"), NotSet),
        (
            write("/read", "a"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `write` on `/read`",
            ),
        ),
        (
            write("/nothing/0", "a"),
            no(
                Rule::UndeclaredInput,
                "`p` declares no input at `/nothing/0`",
            ),
        ),
        (
            write("/text", "a"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no write access",
            ),
        ),
        (
            write("/remote", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `write` on `/remote`",
            ),
        ),
        (
            write("/off", "a"),
            no(Rule::AccessOff, "`write` on `/off` needs `flag: true`"),
        ),
        (
            write("/write", "a/../../b"),
            no(
                Rule::OutsidePath,
                "`a/../../b` below `out` leads out of its folder",
            ),
        ),
        (
            write("/write", "a/.git/hooks/x"),
            no(
                Rule::ReservedPath,
                &format!("`a/.git/hooks/x` below `out` {reserved}"),
            ),
        ),
    ]
}
