//! Host keys that a step pins: no authority, but what says to whom it logs in.

use capstep_pipeline::Source;
use schemars::JsonSchema;
use serde::Serialize;

use super::leaf::Leaf;
use super::roles::{RoleBinding, RoleKind};
use crate::grant::Place;
use crate::pointer;

/// A host key that a step accepts, by its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HostKey {
    /// The input, by its JSON Pointer.
    pub pointer: String,
    /// The fingerprint: `SHA256:…`.
    pub fingerprint: String,
    /// The inputs that name the targets.
    pub targets: Vec<String>,
    /// Where it was written.
    pub place: Place,
}

/// The host keys among the values of a step.
pub(super) fn host_keys(
    source: &Source,
    roles: &[RoleBinding],
    leaves: &[Leaf<'_>],
) -> Vec<HostKey> {
    let pinned = roles.iter().filter(|role| role.kind == RoleKind::HostKey);
    pinned
        .flat_map(|role| {
            let within = leaves
                .iter()
                .filter(|leaf| pointer::is_within(&leaf.pointer, &role.pointer));
            within.filter_map(|leaf| {
                Some(HostKey {
                    pointer: leaf.pointer.clone(),
                    fingerprint: leaf.text()?.to_owned(),
                    targets: role.serves.clone(),
                    place: Place::of(source, leaf.span),
                })
            })
        })
        .collect()
}
