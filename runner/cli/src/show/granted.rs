//! A grant in words, for reports that show them in their own shape.

use capstep_grants::Grant;
use capstep_grants::plan::StepPlan;

use super::plan_row::of_grant;

/// What a grant lets a step do.
pub(crate) struct Granted {
    /// What may be done: `read`, `ssh: script, files`.
    pub(crate) may: String,
    /// With what.
    pub(crate) thing: String,
    /// Where that was written.
    pub(crate) place: String,
}

/// A grant of this step, in the plan's words.
pub(crate) fn granted(grant: &Grant, step: &StepPlan) -> Granted {
    let row = of_grant(grant, step);
    Granted {
        may: row.verb.trim_end_matches(':').to_owned(),
        thing: row.thing,
        place: row.place,
    }
}
