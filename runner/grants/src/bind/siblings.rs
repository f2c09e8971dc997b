//! From a sibling reference to the leaves it means.

use super::leaf::Leaf;
use crate::manifest::SiblingRef;
use crate::pointer;

/// The pointer that a reference means, seen from a leaf.
pub(super) fn pointer_of(leaf: &Leaf<'_>, reference: &SiblingRef) -> Option<String> {
    match reference {
        SiblingRef::Requirement(name) => Some(format!("requires/{name}")),
        SiblingRef::Input { up, name } => {
            let index = leaf.records.len().checked_sub(up + 1)?;
            leaf.records
                .get(index)
                .map(|record| pointer::join(record, name))
        }
    }
}

/// The leaves that a reference means: the one, or each of a list's or map's.
pub(super) fn leaves_of<'a, 'm>(
    leaves: &'a [Leaf<'m>],
    from: &Leaf<'_>,
    reference: &SiblingRef,
) -> Vec<&'a Leaf<'m>> {
    match pointer_of(from, reference) {
        None => Vec::new(),
        Some(pointer) => leaves
            .iter()
            .filter(|leaf| pointer::is_within(&leaf.pointer, &pointer))
            .collect(),
    }
}
