//! What an earlier run's events say of its jobs and steps.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Map, Value};

use super::part::LEFT;
use crate::event::{Outcome, StepRef};
use crate::past::{EventLine, PastRun};

/// The kinds of events that say it.
const KINDS: [&str; 7] = [
    "run-started",
    "step-finished",
    "step-skipped",
    "step-taken",
    "job-finished",
    "job-skipped",
    "job-taken",
];

/// What masking writes in the place of a secret, up to its name.
const MASKED: &str = "[MASKED";
/// What a job's output that is a secret is shown as, up to its name.
const SECRET: &str = "[secret ";

/// How an earlier run's jobs and steps ended, and what they gave.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// The run's id.
    pub run: String,
    /// The jobs that were part of it.
    pub(super) selected: BTreeSet<String>,
    pub(super) jobs: BTreeMap<String, Ended>,
    pub(super) steps: BTreeMap<StepRef, Ended>,
}

/// How a job or a step ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) outputs: Map<String, Value>,
}

impl Recorded {
    /// Reads a run's events.
    ///
    /// # Errors
    /// They can't be read.
    pub fn read(run: &PastRun) -> io::Result<Self> {
        let mut recorded = Self {
            run: run.id.clone(),
            ..Self::default()
        };
        run.events_of(&KINDS, |event| recorded.hear(event))?;
        Ok(recorded)
    }

    pub(super) fn hear(&mut self, event: EventLine) {
        let outcome = match event.event.as_str() {
            "run-started" => {
                self.selected.extend(event.jobs);
                return;
            }
            "step-finished" | "job-finished" => event.outcome,
            "step-taken" | "job-taken" => Some(event.outcome.unwrap_or(Outcome::Passed)),
            // What was left out says nothing of how it would have ended.
            "step-skipped" | "job-skipped" if event.reason.as_deref() == Some(LEFT) => None,
            "step-skipped" | "job-skipped" => Some(Outcome::Skipped),
            _ => None,
        };
        let Some(outcome) = outcome else {
            return;
        };
        let outputs = match event.outputs {
            Value::Object(outputs) => outputs,
            _ => Map::new(),
        };
        let ended = Ended { outcome, outputs };
        if event.event.starts_with("job-") {
            self.jobs.insert(event.job, ended);
        } else {
            let at = StepRef {
                job: event.job,
                step: event.step,
            };
            // The last attempt is what the step came to.
            self.steps.insert(at, ended);
        }
    }

    pub(super) fn step(&self, job: &str, step: usize) -> Option<&Ended> {
        self.steps.get(&StepRef {
            job: job.to_owned(),
            step,
        })
    }
}

/// Whether something in the value was masked: the record doesn't have what the run had.
pub(super) fn is_masked(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(MASKED) || text.contains(SECRET),
        Value::Array(items) => items.iter().any(is_masked),
        Value::Object(entries) => entries
            .iter()
            .any(|(key, value)| key.contains(MASKED) || is_masked(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
