//! Logins and scripts.

use super::{Outcome, no, yes};
use crate::check::{Act, Rule};

pub(super) fn table() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let connect = |target| Act::SshConnect { target };
    let exec = |target| Act::SshExec { target };
    let jump = |target, through| Act::SshJump { target, through };
    let script = |target, script| Act::SshScript { target, script };
    vec![
        (connect("/one"), yes("a@one:22")),
        (connect("/two/0"), yes("b@two:22")),
        (connect("/unset-target"), NotSet),
        (connect("/two/1"), NotSet),
        (
            connect("/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            connect("/two"),
            no(
                Rule::NoAuthority,
                "`/two` is a list; it grants no such access",
            ),
        ),
        (
            connect("/run"),
            no(Rule::NoAuthority, "`/run` is a script, not an ssh-target"),
        ),
        (
            connect("/read"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `script` on `/read`",
            ),
        ),
        (
            connect("/bare"),
            no(Rule::AccessOff, "`script` on `/bare` needs `flag: true`"),
        ),
        (exec("/exec"), yes("c@three:22")),
        (exec("/unset-target"), NotSet),
        (
            exec("/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            exec("/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no exec access",
            ),
        ),
        (
            exec("/one"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `exec` on `/one`",
            ),
        ),
        (
            exec("/bare"),
            no(Rule::AccessOff, "`exec` on `/bare` needs `flag: true`"),
        ),
        (jump("/one", "/bastion"), yes("j@b1:22")),
        (jump("/two/0", "/other-bastion/0"), yes("j@b2:22")),
        (jump("/one", "/unset-bastion"), NotSet),
        (
            jump("/one", "/other-bastion/0"),
            no(
                Rule::OtherTarget,
                "`/other-bastion/0` was not handed over for `/one`",
            ),
        ),
        (
            jump("/one", "/exec"),
            no(Rule::OtherTarget, "`/exec` was not handed over for `/one`"),
        ),
        (
            jump("/one", "/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            jump("/text", "/bastion"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no such access",
            ),
        ),
        (
            jump("/bastion", "/bastion"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `script` on `/bastion`",
            ),
        ),
        (
            jump("/target-off", "/bastion"),
            no(
                Rule::AccessOff,
                "`script` on `/target-off` needs `flag: true`",
            ),
        ),
        (
            connect("/bastion"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `script` on `/bastion`",
            ),
        ),
        (script("/one", "/run"), yes("true")),
        (script("/one", "/unset-run"), NotSet),
        (script("/unset-target", "/run"), NotSet),
        (
            script("/one", "/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            script("/one", "/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no script access",
            ),
        ),
        (
            script("/one", "/one"),
            no(Rule::NoAuthority, "`/one` is a ssh-target, not a script"),
        ),
        (
            script("/exec", "/run"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `script` on `/exec`",
            ),
        ),
        (
            script("/target-off", "/run"),
            no(
                Rule::AccessOff,
                "`script` on `/target-off` needs `flag: true`",
            ),
        ),
        (
            script("/two/0", "/run"),
            no(Rule::OtherTarget, "`/run` was not handed over for `/two/0`"),
        ),
    ]
}
