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
        let text = values.pointer(&role.pointer).and_then(Value::as_str)?;
        Some(Some(text.to_owned()))
    };
    let dockerfile = value(RoleKind::Dockerfile).unwrap_or_else(|| Some(DOCKERFILE.to_owned()));
    let network = match value(RoleKind::BuildNetwork) {
        Some(Some(name)) if name == "none" => "no".to_owned(),
        Some(Some(name)) if name != "default" => name,
        // What isn't known yet may be anything: the plan shows the most.
        Some(None) => "yes, or another that is known when the step starts".to_owned(),
        Some(Some(_)) | None => "yes".to_owned(),
    };
    Some(BuildSettings {
        dockerfile,
        network,
    })
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
