//! Requests and connections.

use super::{Outcome, no, yes};
use crate::check::{Act, Rule};

pub(super) fn table() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let http = |input, url, method| Act::Http { input, url, method };
    let get = |input, url| Act::Http {
        input,
        url,
        method: "GET",
    };
    let tcp = |input| Act::Tcp { input };
    vec![
        (get("/url", None), yes("https://a.example/x?y=1")),
        (
            get("/below", Some("https://a.example/v2/z")),
            yes("https://a.example/v2/z"),
        ),
        (
            http("/site", Some("https://a.example/z"), "POST"),
            yes("https://a.example/z"),
        ),
        (
            get("requires/api", None),
            yes("https://api.example.com/v2/"),
        ),
        (get("/unset-url", None), NotSet),
        (
            get("requires/other", None),
            no(
                Rule::UndeclaredInput,
                "`p` declares no input at `requires/other`",
            ),
        ),
        (
            get("/text", None),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no request access",
            ),
        ),
        (
            get("/tcp", None),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `request` on `/tcp`",
            ),
        ),
        (
            get("/url-off", None),
            no(
                Rule::AccessOff,
                "`request` on `/url-off` needs `flag: true`",
            ),
        ),
        (
            get("/url", Some("https://b.example/x?y=1")),
            no(
                Rule::OtherOrigin,
                "`https://b.example/x` is not on `https://a.example`",
            ),
        ),
        (
            get("/url", Some("x")),
            no(Rule::OtherOrigin, "the URL can't be read"),
        ),
        (
            get("/url", Some("https://a.example/x?y=2")),
            no(
                Rule::OtherPath,
                "`https://a.example/x` is not within `https://a.example/x?y=1` (exact)",
            ),
        ),
        (
            http("/url", None, "DELETE"),
            no(
                Rule::OtherMethod,
                "the method `DELETE` is not granted (granted: GET, HEAD)",
            ),
        ),
        (tcp("/tcp"), yes("db:5432")),
        (tcp("/unset-tcp"), NotSet),
        (
            tcp("/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            tcp("/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no connect access",
            ),
        ),
        (
            tcp("/url"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `connect` on `/url`",
            ),
        ),
        (
            tcp("/tcp-off"),
            no(
                Rule::AccessOff,
                "`connect` on `/tcp-off` needs `flag: true`",
            ),
        ),
    ]
}
