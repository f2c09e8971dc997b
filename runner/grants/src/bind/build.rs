//! Build contexts: what of the pipeline steers a build.

use capstep_pipeline::Diagnostic;
use serde_json::Value;

use super::leaf::{Leaf, LeafValue};
use super::roles::{RoleBinding, RoleKind};
use crate::grant::{BuildSettings, Grant};
use crate::manifest::Access;
use crate::pointer;

/// The Dockerfile of a context for which none is named.
const DOCKERFILE: &str = "Dockerfile";

/// How the context that a grant is for is built; none where it is none.
pub(super) fn settings(
    grant: &Grant,
    roles: &[RoleBinding],
    leaves: &[Leaf<'_>],
    values: &Value,
) -> Option<BuildSettings> {
    if grant.kind != "path" || !grant.access.contains(&Access::Build) {
        return None;
    }
    // Known, set to nothing, or known only when the step starts.
    let value = |kind: RoleKind| {
        let role = roles
            .iter()
            .find(|role| role.kind == kind && role.serves.contains(&grant.pointer))?;
        let later = leaves
            .iter()
            .any(|leaf| leaf.pointer == role.pointer && matches!(leaf.value, LeafValue::NotYet));
        if later {
            return Some(None);
        }
        values.pointer(&role.pointer).map(Some)
    };
    let text = |kind: RoleKind| match value(kind)? {
        Some(value) => value.as_str().map(|text| Some(text.to_owned())),
        None => Some(None),
    };
    let dockerfile = text(RoleKind::Dockerfile).unwrap_or_else(|| Some(DOCKERFILE.to_owned()));
    let network = match text(RoleKind::BuildNetwork) {
        Some(Some(name)) if name == "none" => BuildSettings::NO_NETWORK.to_owned(),
        Some(None) => "yes, or no: known when the step starts".to_owned(),
        Some(Some(_)) | None => "yes".to_owned(),
    };
    // What isn't known yet may come to it: the plan shows the most.
    let pull = match value(RoleKind::PullBase) {
        Some(Some(value)) => value.as_bool().unwrap_or(false),
        Some(None) => true,
        None => false,
    };
    Some(BuildSettings {
        dockerfile,
        network,
        pull,
    })
}

/// A role that is one of a few words.
#[derive(Clone, Copy)]
pub(super) struct Words {
    /// What it is, in messages.
    what: &'static str,
    words: [&'static str; 2],
    help: &'static str,
}

/// Never the machine's own network, nor another container's: what a `RUN` line can reach there is not in the plan.
pub(super) const NETWORK: Words = Words {
    what: "network",
    words: ["default", "none"],
    help: "`RUN` lines have the engine's usual network, or none; never that of the machine",
};

/// The caches that an engine can write by itself.
pub(super) const CACHE: Words = Words {
    what: "cache",
    words: ["none", "inline"],
    help: "`inline` writes into the image what later builds need; an engine by itself writes no other cache",
};

/// A role's value is one of its words, where it is known.
pub(super) fn word(leaves: &[Leaf<'_>], at: &str, known: Words, diagnostics: &mut Vec<Diagnostic>) {
    let Words { what, words, help } = known;
    for leaf in leaves.iter().filter(|leaf| leaf.pointer == at) {
        let Some(text) = leaf.text().filter(|text| !words.contains(text)) else {
            continue;
        };
        let [one, other] = words;
        diagnostics.push(
            Diagnostic::error(
                "invalid-value",
                leaf.span,
                format!(
                    "`{}` is no {what} of a build: it is `{one}` or `{other}`",
                    text.escape_debug()
                ),
            )
            .help(help),
        );
    }
}

/// An engine's interface takes one platform at a time (20.10.24: `platform specifier component must match …` for a list),
/// and nothing that its BuildKit writes holds images for several.
pub(super) fn platforms(leaves: &[Leaf<'_>], at: &str, diagnostics: &mut Vec<Diagnostic>) {
    let second = leaves
        .iter()
        .filter(|leaf| pointer::is_within(&leaf.pointer, at))
        .nth(1);
    if let Some(second) = second {
        diagnostics.push(
            Diagnostic::error(
                "invalid-value",
                second.span,
                "a build is for one platform: an engine takes one at a time",
            )
            .help("build each platform by a step of its own, under a tag of its own"),
        );
    }
}

/// A Dockerfile lies in its context.
pub(super) fn dockerfile(leaves: &[Leaf<'_>], at: &str, diagnostics: &mut Vec<Diagnostic>) {
    let named = leaves
        .iter()
        .filter(|leaf| pointer::is_within(&leaf.pointer, at));
    for leaf in named {
        let Some(text) = leaf.text() else { continue };
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            diagnostics.push(
                Diagnostic::error(
                    "invalid-value",
                    leaf.span,
                    format!(
                        "`{}` is not a relative path without `.`, `..` and empty parts",
                        text.escape_debug()
                    ),
                )
                .help("a Dockerfile lies in its build context: `docker/web.Dockerfile`"),
            );
        }
    }
}
