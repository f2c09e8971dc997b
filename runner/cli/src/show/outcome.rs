//! How things ended, in words.

use capstep_engine::Outcome;
use capstep_engine::past::RunState;

use crate::printer::Style;

/// One word for how a run, a job or a step stands. `state` says it where nothing has ended.
pub(super) fn word(outcome: Option<Outcome>, state: RunState) -> (&'static str, Style) {
    match (outcome, state) {
        (Some(Outcome::Passed), _) => ("passed", Style::Good),
        (Some(Outcome::Skipped), _) => ("skipped", Style::Faint),
        (Some(Outcome::Failed | Outcome::Infrastructure), _) => ("failed", Style::Bad),
        (Some(Outcome::Denied), _) => ("denied", Style::Bad),
        (Some(Outcome::Cancelled), _) => ("cancelled", Style::Notice),
        (None, RunState::Running) => ("running", Style::Name),
        (None, RunState::Finished | RunState::CutShort) => ("cut short", Style::Bad),
    }
}
