//! Paths and releases on targets.

use super::{Outcome, no, yes};
use crate::check::{Act, Rule};

pub(super) fn table() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let upload = |target, source, destination| Act::SshUpload {
        target,
        source,
        destination,
    };
    let delete = |target, source, destination| Act::SshDelete {
        target,
        source,
        destination,
    };
    let download = |target, source, destination| Act::SshDownload {
        target,
        source,
        destination,
    };
    let stat = |target, path, entry| Act::SshStat {
        target,
        path,
        entry,
    };
    let release = |target, release| Act::SshRelease { target, release };
    vec![
        (
            upload("/one", "/pairs/0/local", "/pairs/0/far"),
            yes("a /a"),
        ),
        (upload("/one", "/pairs/1/local", "/pairs/1/far"), yes("b b")),
        (upload("/one", "/up", "/remote"), yes("bin /data")),
        (upload("/one", "/up", "/unset-remote"), NotSet),
        (
            upload("/one", "/pairs/0/nothing", "/pairs/0/far"),
            no(
                Rule::UndeclaredInput,
                "`p` declares no input at `/pairs/0/nothing`",
            ),
        ),
        (
            upload("/one", "/text", "/remote"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no upload access",
            ),
        ),
        (
            upload("/one", "/remote", "/remote"),
            no(Rule::NoAuthority, "`/remote` is a remote-path, not a path"),
        ),
        (
            upload("/one", "/up", "/up"),
            no(Rule::NoAuthority, "`/up` is a path, not a remote-path"),
        ),
        (
            upload("/one", "/read", "/remote"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `upload` on `/read`",
            ),
        ),
        (
            upload("/exec", "/up", "/remote"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `files` on `/exec`",
            ),
        ),
        (
            upload("/one", "/up", "/release-off"),
            no(
                Rule::AccessOff,
                "`upload` on `/release-off` needs `flag: true`",
            ),
        ),
        (
            upload("/two/0", "/up", "/remote"),
            no(
                Rule::OtherTarget,
                "`/remote` was not handed over for `/two/0`",
            ),
        ),
        (
            upload("/one", "/pairs/0/local", "/pairs/1/far"),
            no(
                Rule::NotSiblings,
                "`/pairs/0/local` and `/pairs/1/far` were not handed over together",
            ),
        ),
        (delete("/one", "/up", "/emptied"), yes("bin /www")),
        (delete("/one", "/up", "/unset-emptied"), NotSet),
        (
            delete("/one", "/nothing", "/emptied"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            delete("/one", "/up", "/up"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `delete` on `/up`",
            ),
        ),
        (
            delete("/one", "/up", "/remote"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `delete` on `/remote`",
            ),
        ),
        (
            delete("/one", "/up", "/release-off"),
            no(
                Rule::AccessOff,
                "`delete` on `/release-off` needs `flag: true`",
            ),
        ),
        (
            delete("/two/0", "/up", "/emptied"),
            no(
                Rule::OtherTarget,
                "`/emptied` was not handed over for `/two/0`",
            ),
        ),
        (
            delete("/one", "/pairs/0/local", "/emptied"),
            no(
                Rule::NotSiblings,
                "`/pairs/0/local` and `/emptied` were not handed over together",
            ),
        ),
        (
            delete("/one", "/text", "/emptied"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no delete access",
            ),
        ),
        (
            download("/one", "/pairs/0/far", "/pairs/0/local"),
            yes("a /a"),
        ),
        (download("/one", "/remote", "/write"), yes("out /data")),
        (download("/one", "/unset-remote", "/write"), NotSet),
        (
            download("/one", "/nothing", "/write"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            download("/one", "/text", "/write"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no download access",
            ),
        ),
        (
            download("/one", "/release", "/write"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `download` on `/release`",
            ),
        ),
        (
            download("/one", "/remote", "/read"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `write` on `/read`",
            ),
        ),
        (
            download("/one", "/release-off", "/write"),
            no(
                Rule::AccessOff,
                "`download` on `/release-off` needs `flag: true`",
            ),
        ),
        (
            download("/two/0", "/remote", "/write"),
            no(
                Rule::OtherTarget,
                "`/remote` was not handed over for `/two/0`",
            ),
        ),
        (
            download("/one", "/remote", "/pairs/0/local"),
            no(
                Rule::NotSiblings,
                "`/pairs/0/local` and `/remote` were not handed over together",
            ),
        ),
        (stat("/one", "/remote", ""), yes("/data")),
        (stat("/one", "/remote", "a/b"), yes("/data/a/b")),
        (stat("/one", "/remote", "."), yes("/data")),
        (stat("/one", "/unset-remote", ""), NotSet),
        (
            stat("/one", "/nothing", ""),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            stat("/one", "/read", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `upload` on `/read`",
            ),
        ),
        (
            stat("/one", "/up", ""),
            no(Rule::NoAuthority, "`/up` is a path, not a remote-path"),
        ),
        (
            stat("/one", "/release", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `upload` on `/release`",
            ),
        ),
        (
            stat("/one", "/release-off", ""),
            no(
                Rule::AccessOff,
                "`upload` on `/release-off` needs `flag: true`",
            ),
        ),
        (
            stat("/two/0", "/remote", ""),
            no(
                Rule::OtherTarget,
                "`/remote` was not handed over for `/two/0`",
            ),
        ),
        (
            stat("/one", "/remote", "../x"),
            no(Rule::OutsidePath, "`../x` leads out of `/data`"),
        ),
        (
            stat("/one", "/remote", "/etc"),
            no(Rule::OutsidePath, "`/etc` leads out of `/data`"),
        ),
        (release("/one", "/release"), yes("/srv")),
        (release("/one", "/unset-remote"), NotSet),
        (
            release("/one", "/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            release("/one", "/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no release access",
            ),
        ),
        (
            release("/one", "/remote"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `release` on `/remote`",
            ),
        ),
        (
            release("/one", "/release-off"),
            no(
                Rule::AccessOff,
                "`release` on `/release-off` needs `flag: true`",
            ),
        ),
        (
            release("/two/0", "/release"),
            no(
                Rule::OtherTarget,
                "`/release` was not handed over for `/two/0`",
            ),
        ),
    ]
}
