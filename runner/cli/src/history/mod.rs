//! Runs that have been, made ready to be shown.
//!
//! - `choose`: which run is meant; `environments`: where jobs have deployed to;
//! - `view`: what a run came to, as `capstep show --format json` writes it;
//! - `events`: from a run's events to its jobs and steps; `effects`: from its journal to what it did.

mod choose;
mod effects;
mod environments;
mod events;
mod view;

pub(crate) use choose::{Scope, latest, named, not_found};
pub(crate) use environments::EnvironmentList;
pub(crate) use view::{
    Chain, Effect, EffectState, JobView, JournalView, ListedRun, PlaceView, RunList, RunView,
    StepView,
};

use capstep_engine::past::{PastRun, RunState};

use crate::error::CliError;

/// How many of a failed step's last lines are shown: enough for a compiler's last message.
const LINES_KEPT: usize = 20;

/// Which lines of the logs are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// The last ones of steps that failed.
    OfFailures,
    /// All.
    All,
}

/// Everything that a run's folder says.
pub(crate) fn view(run: &PastRun, lines: Lines) -> Result<RunView, CliError> {
    let unreadable = |what: &str| {
        let path = run.path.join(what);
        move |error: std::io::Error| {
            CliError::infrastructure(format!("`{}` can't be read: {error}", path.display()))
        }
    };
    let mut told = events::Told::new(lines);
    run.events(|event| told.hear(event))
        .map_err(unreadable("events.jsonl"))?;
    let journal = run.journal().map_err(unreadable("journal.jsonl"))?;
    let lives = run.state == RunState::Running;
    let noted = run
        .record
        .as_ref()
        .and_then(|record| record.journal_head.as_deref());
    Ok(RunView::new(
        run,
        told.jobs(lives),
        effects::read(journal.as_deref(), noted, lives),
    ))
}

/// What a run came to, in a line: with the first step that failed it.
pub(crate) fn listed(run: &PastRun) -> Result<ListedRun, CliError> {
    let mut told = events::Told::new(Lines::OfFailures);
    let record = run.record.as_ref();
    let passed = record.is_some_and(|record| record.exit_code == Some(0));
    if !passed {
        let kinds = ["step-started", "step-finished", "job-finished"];
        run.events_of(&kinds, |event| told.hear(event))
            .map_err(|error| {
                CliError::infrastructure(format!(
                    "`{}` can't be read: {error}",
                    run.path.join("events.jsonl").display()
                ))
            })?;
    }
    let outcome = record.and_then(|record| record.outcome);
    Ok(ListedRun::new(run, told.gravest_failure(outcome)))
}
