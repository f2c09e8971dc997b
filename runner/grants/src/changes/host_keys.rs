//! The host keys that a step pins, held against those that it pinned: who holds another key is another server.

use super::compare::{ChangeKind, Say, Side};
use crate::bind::HostKey;
use crate::plan::StepPlan;

/// A host key and the step that pins it.
type Pinned<'a> = (&'a HostKey, &'a StepPlan);

pub(super) fn host_keys<'a>(
    old: Option<&'a StepPlan>,
    new: Option<&'a StepPlan>,
    say: &mut Say<'a, '_>,
) {
    let (old, new) = (all(old), all(new));
    let is_in = |list: &[Pinned<'_>], one: Pinned<'_>| list.iter().any(|other| same(*other, one));
    for after in new.iter().filter(|after| !is_in(&old, **after)) {
        say(
            ChangeKind::Added,
            None,
            Some(Side::HostKey(after.0, after.1)),
        );
    }
    for before in old.iter().filter(|before| !is_in(&new, **before)) {
        say(
            ChangeKind::Removed,
            Some(Side::HostKey(before.0, before.1)),
            None,
        );
    }
}

fn all(step: Option<&StepPlan>) -> Vec<Pinned<'_>> {
    let keys = |step| -> Vec<Pinned<'_>> {
        let step: &StepPlan = step;
        step.host_keys.iter().map(|key| (key, step)).collect()
    };
    step.map(keys).unwrap_or_default()
}

/// Whether both are the same key of the same targets; the pointers of those move when a list grows.
fn same(left: Pinned<'_>, right: Pinned<'_>) -> bool {
    let targets = |(key, step): Pinned<'_>| step.shown(&key.targets);
    left.0.fingerprint == right.0.fingerprint && targets(left) == targets(right)
}
