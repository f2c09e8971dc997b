//! Roles whose values the host acts on: one that it doesn't know is a mistake, never the default.

use capstep_pipeline::Diagnostic;
use serde_json::Value;

use super::leaf::{Leaf, LeafValue};
use crate::manifest::SHELLS;
use crate::pointer;

/// A script is run by a shell that the host knows.
pub(super) fn shell(leaves: &[Leaf<'_>], at: &str, diagnostics: &mut Vec<Diagnostic>) {
    for (leaf, value) in known(leaves, at) {
        if value.as_str().is_some_and(|word| SHELLS.contains(&word)) {
            continue;
        }
        diagnostics.push(Diagnostic::error(
            "invalid-value",
            leaf.span,
            format!("`{}` is no shell: {}", plain(value), SHELLS.join(", ")),
        ));
    }
}

/// Releases to keep, entries to remove: as many as this at least.
pub(super) fn at_least(
    least: u64,
    leaves: &[Leaf<'_>],
    at: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (leaf, value) in known(leaves, at) {
        if value.as_u64().is_some_and(|number| number >= least) {
            continue;
        }
        diagnostics.push(Diagnostic::error(
            "invalid-value",
            leaf.span,
            format!("`{}` is not a whole number from {least}", plain(value)),
        ));
    }
}

fn known<'a, 'm>(
    leaves: &'a [Leaf<'m>],
    at: &str,
) -> impl Iterator<Item = (&'a Leaf<'m>, &'a Value)> {
    leaves
        .iter()
        .filter(move |leaf| pointer::is_within(&leaf.pointer, at))
        .filter_map(|leaf| match &leaf.value {
            LeafValue::Known(value) => Some((leaf, value)),
            LeafValue::Secret(_) | LeafValue::NotYet => None,
        })
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.escape_debug().to_string(),
        other => other.to_string(),
    }
}
