//! What a run of a part does with each job and step.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::event::Outcome;

/// Why a step or job is not run that is neither wanted nor recorded.
pub(super) const LEFT: &str = "it is not among what is to run";

/// A part of a pipeline to run. Jobs that are not in it are not part of the run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resume {
    /// The run that outcomes and outputs are taken from; none where nothing is.
    pub run: Option<String>,
    /// Whether single steps were asked for: what their job did before is then no part of this run, though it is taken.
    pub only: bool,
    /// What is done with each job, by its id.
    pub jobs: BTreeMap<String, JobPart>,
}

/// What is done with a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobPart {
    /// It is run as it always is.
    Whole,
    /// Its steps are run, taken or left, each by its number from 1.
    Steps(BTreeMap<usize, StepPart>),
    /// Its outcome and outputs are taken.
    Taken {
        /// How it ended: it passed, or was skipped.
        outcome: Outcome,
        /// What it gave.
        outputs: Map<String, Value>,
    },
    /// It is not run, and those that need it don't wait for it.
    Left,
}

/// What is done with a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepPart {
    /// It is run.
    Run,
    /// Its outcome and outputs are taken.
    Taken {
        /// How it ended: it passed, or was skipped.
        outcome: Outcome,
        /// What it gave.
        outputs: Map<String, Value>,
    },
    /// It is not run.
    Left,
}

impl Resume {
    /// Whether any step of this job is run.
    pub fn runs_job(&self, job: &str) -> bool {
        match self.jobs.get(job) {
            Some(JobPart::Whole) => true,
            Some(JobPart::Steps(steps)) => steps.values().any(|part| *part == StepPart::Run),
            Some(JobPart::Taken { .. } | JobPart::Left) | None => false,
        }
    }

    /// Whether what is run of this job makes it whole: all its steps, or those that an earlier run of it did not come to.
    /// Only then has it deployed, and is there what it keeps between runs.
    pub(crate) fn completes(&self, job: &str) -> bool {
        match self.jobs.get(job) {
            Some(JobPart::Steps(steps)) if self.only => {
                steps.values().all(|part| *part == StepPart::Run)
            }
            Some(part) => !part.is_partial(),
            None => true,
        }
    }

    /// Whether this step is run, by its number from 1.
    pub fn runs_step(&self, job: &str, step: usize) -> bool {
        match self.jobs.get(job) {
            Some(JobPart::Whole) => true,
            Some(JobPart::Steps(steps)) => steps.get(&step) == Some(&StepPart::Run),
            Some(JobPart::Taken { .. } | JobPart::Left) | None => false,
        }
    }
}

impl JobPart {
    /// What is done with a step of the job, by its number from 1.
    pub(crate) fn step(&self, number: usize) -> StepPart {
        match self {
            Self::Whole => StepPart::Run,
            Self::Steps(steps) => steps.get(&number).cloned().unwrap_or(StepPart::Left),
            Self::Taken { .. } | Self::Left => StepPart::Left,
        }
    }

    /// Whether some of its steps are left out, so that its outputs can't be made.
    pub(crate) fn is_partial(&self) -> bool {
        match self {
            Self::Steps(steps) => steps.values().any(|part| *part == StepPart::Left),
            Self::Whole | Self::Taken { .. } => false,
            Self::Left => true,
        }
    }
}
