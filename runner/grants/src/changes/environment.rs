//! Where a job deploys to, held against where it deployed to: what is remembered there, and the values that steps keep for
//! later runs, are that environment's.

use super::compare::{ChangeKind, Say, Side};
use crate::plan::{JobEnvironment, JobPlan};

pub(super) fn environment<'a>(
    old: Option<&'a JobPlan>,
    new: Option<&'a JobPlan>,
    say: &mut Say<'a, '_>,
) {
    let of = |job: Option<&'a JobPlan>| job.and_then(|job| job.environment.as_ref());
    let side = |environment: &'a JobEnvironment| Some(Side::Environment(environment));
    match (of(old), of(new)) {
        (None, None) => {}
        (None, Some(new)) => say(ChangeKind::Added, None, side(new)),
        (Some(old), None) => say(ChangeKind::Removed, side(old), None),
        (Some(old), Some(new)) => match (&old.name, &new.name) {
            (Some(before), Some(after)) if before == after => {}
            (Some(_), Some(_)) => {
                say(ChangeKind::Removed, side(old), None);
                say(ChangeKind::Added, None, side(new));
            }
            // A name that is known only at run time may come to any.
            (None, Some(_)) => say(ChangeKind::Narrowed, side(old), side(new)),
            (None, None) if old.written == new.written => {}
            (_, None) => say(ChangeKind::Widened, side(old), side(new)),
        },
    }
}
