//! Every act that could be tried, and what each needs: worked out here a second time, from the documentation.

use crate::check::Act;

/// At a pointer: the type that must be there, and the words of which one is needed.
pub(super) type Need = (String, &'static str, &'static [&'static str]);

/// What any use of an image needs.
const ANY_IMAGE: &[&str] = &["pull", "build", "push"];
/// What any login needs.
const ANY_TARGET: &[&str] = &["script", "files", "exec"];

/// An act on pointers, and all that it needs.
pub(super) struct Try<'a> {
    pub(super) act: Act<'a>,
    pub(super) needs: Vec<Need>,
}

fn tried<'a>(act: Act<'a>, needs: &[(&str, &'static str, &'static [&'static str])]) -> Try<'a> {
    let needs = needs.iter();
    Try {
        act,
        needs: needs
            .map(|(at, kind, words)| ((*at).to_owned(), *kind, *words))
            .collect(),
    }
}

/// Every act on these pointers.
pub(super) fn acts(pointers: &[String]) -> Vec<Try<'_>> {
    let mut all = Vec::new();
    for at in pointers.iter().map(String::as_str) {
        alone(at, &mut all);
        for other in pointers.iter().map(String::as_str) {
            pair(at, other, &mut all);
            for third in pointers.iter().map(String::as_str) {
                transfers(at, other, third, &mut all);
            }
        }
    }
    all
}

fn alone<'a>(at: &'a str, all: &mut Vec<Try<'a>>) {
    let (input, entry) = (at, "");
    all.extend([
        tried(
            Act::Look { input, entry },
            &[(at, "path", &["read", "upload", "write"])],
        ),
        tried(Act::Read { input, entry }, &[(at, "path", &["read"])]),
        tried(Act::Write { input, entry }, &[(at, "path", &["write"])]),
        tried(
            Act::Http {
                input,
                url: None,
                method: "GET",
            },
            &[(at, "url", &["request"])],
        ),
        tried(Act::Tcp { input }, &[(at, "tcp-address", &["connect"])]),
        tried(Act::StateRead { input }, &[(at, "state", &["read"])]),
        tried(Act::StateWrite { input }, &[(at, "state", &["write"])]),
        tried(
            Act::SshConnect { target: at },
            &[(at, "ssh-target", ANY_TARGET)],
        ),
        tried(
            Act::SshExec { target: at },
            &[(at, "ssh-target", &["exec"])],
        ),
        tried(
            Act::DockerLogin { registry: at },
            &[(at, "registry", &["login"])],
        ),
        tried(
            Act::DockerInspect { image: at },
            &[(at, "image", ANY_IMAGE)],
        ),
        tried(
            Act::DockerBuild {
                context: at,
                image: None,
            },
            &[(at, "path", &["build"])],
        ),
        tried(
            Act::DockerPull {
                image: at,
                registry: None,
            },
            &[(at, "image", &["pull"])],
        ),
        tried(
            Act::DockerPush {
                image: at,
                registry: None,
            },
            &[(at, "image", &["push"])],
        ),
    ]);
}

fn pair<'a>(at: &'a str, other: &'a str, all: &mut Vec<Try<'a>>) {
    let registry = Some(other);
    all.extend([
        tried(
            Act::DockerPull {
                image: at,
                registry,
            },
            &[(at, "image", &["pull"]), (other, "registry", &["login"])],
        ),
        tried(
            Act::DockerPush {
                image: at,
                registry,
            },
            &[(at, "image", &["push"]), (other, "registry", &["login"])],
        ),
        tried(
            Act::DockerBuild {
                context: at,
                image: Some(other),
            },
            &[(at, "path", &["build"]), (other, "image", &["build"])],
        ),
        tried(
            Act::DockerTag {
                source: other,
                image: at,
            },
            &[(at, "image", &["build"]), (other, "image", ANY_IMAGE)],
        ),
        tried(
            Act::SshScript {
                target: other,
                script: at,
            },
            &[
                (other, "ssh-target", &["script"]),
                (at, "script", &["script"]),
            ],
        ),
        tried(
            Act::SshRelease {
                target: other,
                release: at,
            },
            &[
                (other, "ssh-target", &["files"]),
                (at, "remote-path", &["release"]),
            ],
        ),
        tried(
            Act::SshStat {
                target: other,
                path: at,
                entry: "",
            },
            &[
                (other, "ssh-target", &["files"]),
                (at, "remote-path", &["upload", "download"]),
            ],
        ),
        // Nothing but its role leads to a host on the way.
        tried(
            Act::SshJump {
                target: other,
                through: at,
            },
            &[(other, "ssh-target", ANY_TARGET)],
        ),
    ]);
}

fn transfers<'a>(target: &'a str, local: &'a str, remote: &'a str, all: &mut Vec<Try<'a>>) {
    let needs = |local_word, remote_word| {
        [
            (target, "ssh-target", &["files"] as &'static [&'static str]),
            (local, "path", local_word),
            (remote, "remote-path", remote_word),
        ]
    };
    all.extend([
        tried(
            Act::SshUpload {
                target,
                source: local,
                destination: remote,
            },
            &needs(&["upload"], &["upload"]),
        ),
        tried(
            Act::SshDelete {
                target,
                source: local,
                destination: remote,
            },
            &needs(&["upload"], &["delete"]),
        ),
        tried(
            Act::SshDownload {
                target,
                source: remote,
                destination: local,
            },
            &needs(&["write"], &["download"]),
        ),
    ]);
}
