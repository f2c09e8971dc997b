//! Values and secrets.

use super::{Outcome, no, yes};
use crate::check::{Act, Rule};
use crate::manifest::SinkKind;

pub(super) fn table() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let using = |input, sink, to| Act::Use { input, sink, to };
    let reveal = |input| Act::Reveal { input };
    vec![
        (using("/key", SinkKind::SshAuth, "/one"), yes("secret")),
        (using("/token", SinkKind::HttpHeader, "/url"), yes("secret")),
        (
            using("/env/KEY", SinkKind::RemoteEnv, "/run"),
            yes("secret"),
        ),
        (
            using("/env/A~1B~0C", SinkKind::RemoteEnv, "/run"),
            yes("plain"),
        ),
        (using("/text", SinkKind::HttpHeader, "/url"), yes("plain")),
        (using("/unset-key", SinkKind::SshAuth, "/one"), NotSet),
        (using("/env/NONE", SinkKind::RemoteEnv, "/run"), NotSet),
        (
            using("/nothing", SinkKind::SshAuth, "/one"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            using("/key", SinkKind::SshAuth, "/two/0"),
            no(
                Rule::OtherSink,
                "the secret at `/key` goes to ssh-auth of /one, not to ssh-auth of /two/0",
            ),
        ),
        (
            using("/token", SinkKind::HttpBody, "/url"),
            no(
                Rule::OtherSink,
                "the secret at `/token` goes to http-header of /url, not to http-body of /url",
            ),
        ),
        (reveal("/env/KEY"), yes("secret")),
        (reveal("/text"), yes("plain")),
        (reveal("/unset-text"), NotSet),
        (
            reveal("/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            reveal("/key"),
            no(
                Rule::NotRevealed,
                "the secret at `/key` is for its sink, not for the plugin",
            ),
        ),
    ]
}
