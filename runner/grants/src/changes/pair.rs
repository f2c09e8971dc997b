//! Which step of the old plan is which of the new.

use crate::plan::{JobPlan, StepPlan};

/// The steps of a job, paired: by id, then by name, then by the order of those that use the same plugin. A step that uses
/// another plugin is another step: what it may touch is handed to somebody else.
pub(super) fn steps<'a>(
    old: Option<&'a JobPlan>,
    new: Option<&'a JobPlan>,
) -> Vec<(Option<&'a StepPlan>, Option<&'a StepPlan>)> {
    fn all(job: Option<&JobPlan>) -> Vec<&StepPlan> {
        job.map(|job| job.steps.iter().collect())
            .unwrap_or_default()
    }
    let mut left: Vec<Option<&StepPlan>> = all(old).into_iter().map(Some).collect();
    let mut pairs: Vec<(Option<&StepPlan>, Option<&StepPlan>)> = all(new)
        .into_iter()
        .map(|step| (None, Some(step)))
        .collect();
    let rules: [fn(&StepPlan, &StepPlan) -> bool; 3] = [
        |old, new| old.id.is_some() && old.id == new.id,
        |old, new| old.id.is_none() && new.id.is_none() && old.name == new.name,
        |_, _| true,
    ];
    for same in rules {
        for (before, after) in &mut pairs {
            let (None, Some(new)) = (&before, *after) else {
                continue;
            };
            let found = left
                .iter_mut()
                .find(|slot| slot.is_some_and(|old| old.uses == new.uses && same(old, new)));
            *before = found.and_then(Option::take);
        }
    }
    pairs.extend(left.into_iter().flatten().map(|old| (Some(old), None)));
    pairs
}
