//! Images, registries and builds.

use super::{Outcome, no, yes};
use crate::check::{Act, Rule};

pub(super) fn table() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let login = |registry| Act::DockerLogin { registry };
    let pull = |image, registry| Act::DockerPull { image, registry };
    let push = |image, registry| Act::DockerPush { image, registry };
    let build = |context, image| Act::DockerBuild { context, image };
    let tag = |source, image| Act::DockerTag { source, image };
    let inspect = |image| Act::DockerInspect { image };
    vec![
        (login("/hub"), yes("r.example")),
        (
            login("/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            login("/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no login access",
            ),
        ),
        (
            login("/registry-off"),
            no(
                Rule::AccessOff,
                "`login` on `/registry-off` needs `flag: true`",
            ),
        ),
        (login("/unset-registry"), NotSet),
        (
            login("/base"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `login` on `/base`",
            ),
        ),
        (pull("/base", None), yes("docker.io/library/ruby:3")),
        (
            pull("/nothing", None),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            pull("/text", None),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no pull access",
            ),
        ),
        (
            pull("/image-off", None),
            no(Rule::AccessOff, "`pull` on `/image-off` needs `flag: true`"),
        ),
        (pull("/unset-image", None), NotSet),
        (
            pull("/made", None),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `pull` on `/made`",
            ),
        ),
        (push("/made", None), yes("r.example/webapp:web")),
        (
            push("/nothing", None),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            push("/text", None),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no push access",
            ),
        ),
        (
            push("/image-off", None),
            no(Rule::AccessOff, "`push` on `/image-off` needs `flag: true`"),
        ),
        (push("/unset-image", None), NotSet),
        (
            push("/base", None),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `push` on `/base`",
            ),
        ),
        (
            push("/made", Some("/hub")),
            yes("r.example/webapp:web as of r.example"),
        ),
        (
            pull("/base", Some("/hub")),
            no(
                Rule::OtherTarget,
                "`/hub` is a login to `r.example`, and `docker.io/library/ruby:3` is in `docker.io`",
            ),
        ),
        (
            push("/pushed", Some("/hub")),
            no(
                Rule::OtherTarget,
                "`/hub` is a login to `r.example`, and `s.example/webapp:web` is in `s.example`",
            ),
        ),
        (build("/context", None), yes("webapp")),
        (
            build("/context", Some("/made")),
            yes("webapp as r.example/webapp:web"),
        ),
        (
            build("/nothing", None),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            build("/text", None),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no build access",
            ),
        ),
        (
            build("/context-off", None),
            no(
                Rule::AccessOff,
                "`build` on `/context-off` needs `flag: true`",
            ),
        ),
        (build("/unset-context", None), NotSet),
        (
            build("/read", None),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `build` on `/read`",
            ),
        ),
        (
            build("/made", None),
            no(Rule::NoAuthority, "`/made` is a image, not a path"),
        ),
        (
            build("/context", Some("/context")),
            no(Rule::NoAuthority, "`/context` is a path, not an image"),
        ),
        (
            tag("/base", "/made"),
            yes("docker.io/library/ruby:3 as r.example/webapp:web"),
        ),
        (
            tag("/base", "/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            tag("/base", "/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no build access",
            ),
        ),
        (
            tag("/base", "/image-off"),
            no(
                Rule::AccessOff,
                "`build` on `/image-off` needs `flag: true`",
            ),
        ),
        (tag("/base", "/unset-image"), NotSet),
        (
            tag("/base", "/base"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `build` on `/base`",
            ),
        ),
        (
            tag("/base", "/context"),
            no(Rule::NoAuthority, "`/context` is a path, not an image"),
        ),
        (inspect("/base"), yes("docker.io/library/ruby:3")),
        (
            inspect("/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            inspect("/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no such access",
            ),
        ),
        (
            inspect("/image-off"),
            no(Rule::AccessOff, "`pull` on `/image-off` needs `flag: true`"),
        ),
        (inspect("/unset-image"), NotSet),
        (
            inspect("/read"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `pull` on `/read`",
            ),
        ),
        (
            inspect("/context"),
            no(Rule::NoAuthority, "`/context` is a path, not an image"),
        ),
    ]
}
