//! What each verb must have been granted: the types, the access words, the secrets' sinks.

/// A grant that a verb's records show.
pub(super) struct Needed {
    /// The input's type.
    pub(super) kind: &'static str,
    /// One of these words; none where the role says all.
    pub(super) words: &'static [&'static str],
    /// What the host reads the input for.
    pub(super) role: Option<&'static str>,
    /// Whether each record has one.
    pub(super) always: bool,
}

/// What the records of a verb show.
pub(super) struct Verb {
    pub(super) grants: &'static [Needed],
    /// The sinks of secrets that it may use.
    pub(super) sinks: &'static [&'static str],
}

const fn needs(kind: &'static str, words: &'static [&'static str]) -> Needed {
    Needed {
        kind,
        words,
        role: None,
        always: true,
    }
}

const fn may(kind: &'static str, words: &'static [&'static str]) -> Needed {
    Needed {
        kind,
        words,
        role: None,
        always: false,
    }
}

const fn role(kind: &'static str, words: &'static [&'static str], role: &'static str) -> Needed {
    Needed {
        kind,
        words,
        role: Some(role),
        always: false,
    }
}

const ANY_TARGET: &[&str] = &["script", "files", "exec"];
const ANY_IMAGE: &[&str] = &["pull", "build", "push", "run"];

macro_rules! verb {
    ([$($grant:expr),*] $(, $sink:literal)*) => {
        const { &Verb { grants: &[$($grant),*], sinks: &[$($sink),*] } }
    };
}

/// What a verb must have been granted. One that is not here has no records, or the tests don't know it yet.
pub(super) fn of(verb: &str) -> Option<&'static Verb> {
    Some(match verb {
        "files/read" | "files/open-read" => verb!([needs("path", &["read"])]),
        "files/list" | "files/stat" | "files/digest" => {
            verb!([needs("path", &["read", "upload", "write"])])
        }
        "files/write" | "files/remove" | "files/open-write" => {
            verb!([needs("path", &["write"])])
        }
        "files/write-entries" => verb!([needs("path", &["write"])], "file"),
        "http/send" | "wasi/http" => {
            verb!([needs("url", &["request"])], "http-header", "http-body")
        }
        "tcp/connect" => verb!([needs("tcp-address", &["connect"])]),
        "ssh/connect" => verb!(
            [
                needs("ssh-target", ANY_TARGET),
                role("ssh-target", &[], "jump")
            ],
            "ssh-auth",
            "passphrase"
        ),
        "ssh/run" => verb!(
            [
                needs("ssh-target", &["script"]),
                needs("script", &["script"])
            ],
            "remote-env"
        ),
        "ssh/upload" => verb!([
            needs("ssh-target", &["files"]),
            needs("path", &["upload"]),
            needs("remote-path", &["upload"])
        ]),
        "ssh/download" => verb!([
            needs("ssh-target", &["files"]),
            needs("remote-path", &["download"]),
            needs("path", &["write"])
        ]),
        "ssh/stat" => verb!([
            needs("ssh-target", &["files"]),
            needs("remote-path", &["upload", "download"])
        ]),
        "ssh/begin-release" | "ssh/commit-release" | "ssh/abort-release" => verb!([
            needs("ssh-target", &["files"]),
            needs("remote-path", &["release"])
        ]),
        "ssh/exec" => verb!([needs("ssh-target", &["exec"])]),
        "docker/login" => verb!([needs("registry", &["login"])], "registry-auth"),
        "docker/build" => verb!(
            [
                needs("path", &["build"]),
                may("image", &["build"]),
                role("image", &["pull"], "cache-from"),
                may("registry", &["login"])
            ],
            "build-secret",
            "registry-auth"
        ),
        "docker/pull" => verb!(
            [needs("image", &["pull"]), may("registry", &["login"])],
            "registry-auth"
        ),
        "docker/push" => verb!(
            [needs("image", &["push"]), may("registry", &["login"])],
            "registry-auth"
        ),
        "docker/tag" => verb!([may("image", ANY_IMAGE), needs("image", &["build"])]),
        "docker/inspect" => verb!([needs("image", ANY_IMAGE)]),
        "state/get" | "state/names" => verb!([needs("state", &["read"])]),
        "state/set" | "state/remove" => verb!([needs("state", &["write"])]),
        "mount" => verb!([needs("path", &["mount"])]),
        "script/run" => verb!(
            [
                needs("script", &["script"]),
                may("path", &["read", "write"]),
                may("url", &["request"])
            ],
            "remote-env"
        ),
        "script/connect" => verb!([needs("url", &["request"])]),
        // From one operation to another; both have a record of their own, with what allowed them.
        "op/pipe" => verb!([]),
        // What it shows is told by its secret; anything else that it is asked for is no secret.
        "secrets/reveal" => verb!([]),
        _ => return None,
    })
}
