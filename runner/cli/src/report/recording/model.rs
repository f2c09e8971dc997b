//! A run as reports tell it after its end.

use capstep_engine::Outcome;
use capstep_grants::Place;
use capstep_grants::check::Denial;
use serde_json::Value;

use super::log::Log;

/// When something was, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::report) struct Span {
    /// Since the run's start.
    pub(in crate::report) start: u64,
    /// How long it took.
    pub(in crate::report) took: u64,
}

/// A job.
#[derive(Debug, Default)]
pub(in crate::report) struct JobRecord {
    pub(in crate::report) id: String,
    /// None where it did not run.
    pub(in crate::report) span: Option<Span>,
    /// None while it runs.
    pub(in crate::report) outcome: Option<Outcome>,
    /// Whether the run went on as if it had passed.
    pub(in crate::report) continues: bool,
    /// Whether it was not run, but taken from an earlier run; the message says from which.
    pub(in crate::report) taken: bool,
    /// Where it deployed to, and where that can be seen.
    pub(in crate::report) deployed: Option<(String, Option<String>)>,
    /// Why it did not pass, where that is not one of its steps; why it was skipped.
    pub(in crate::report) message: Option<String>,
    pub(in crate::report) outputs: Value,
    /// What it brought back and kept.
    pub(in crate::report) cached: Log,
    /// By number.
    pub(in crate::report) steps: Vec<StepRecord>,
}

/// A step.
#[derive(Debug, Default)]
pub(in crate::report) struct StepRecord {
    /// From 1.
    pub(in crate::report) number: usize,
    pub(in crate::report) name: String,
    pub(in crate::report) uses: String,
    /// Where the pipeline has it.
    pub(in crate::report) place: Option<Place>,
    /// How many times it was started.
    pub(in crate::report) attempts: u32,
    /// None where it did not run.
    pub(in crate::report) span: Option<Span>,
    /// None while it runs.
    pub(in crate::report) outcome: Option<Outcome>,
    /// Whether what came after it went on as if it had passed: its job, or the run where its job may fail.
    pub(in crate::report) continues: bool,
    /// Whether it was not run, but taken from an earlier run; the message says from which.
    pub(in crate::report) taken: bool,
    /// Why it did not pass; why it was skipped.
    pub(in crate::report) message: Option<String>,
    pub(in crate::report) details: Value,
    pub(in crate::report) outputs: Value,
    pub(in crate::report) denials: Vec<Denial>,
    /// How many denials came after those.
    pub(in crate::report) more_denials: u64,
    pub(in crate::report) log: Log,
}

impl StepRecord {
    /// What might help, where the plugin or the engine knows.
    pub(in crate::report) fn help(&self) -> Option<&str> {
        self.details.get("help").and_then(Value::as_str)
    }
}

/// Whether this is nothing to worry about.
pub(in crate::report) fn is_fine(outcome: Option<Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Passed | Outcome::Skipped))
}

/// An outcome's word.
pub(in crate::report) fn word(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Passed) => "passed",
        Some(Outcome::Skipped) => "skipped",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Infrastructure) => "infrastructure",
        Some(Outcome::Denied) => "denied",
        Some(Outcome::Cancelled) => "cancelled",
        None => "unfinished",
    }
}
