//! Why a part of a pipeline can't be run by itself.

use capstep_pipeline::Span;
use thiserror::Error;

use crate::event::{Outcome, StepRef};

/// Why a part of a pipeline can't be run by itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResumeError {
    /// A step that is not run again did not pass in the earlier run, or was not come to.
    #[error("{at} {} in the run {run}, so its outcome can't be taken from there", ended(*.outcome))]
    StepNotPassed {
        /// The step.
        at: StepRef,
        /// The earlier run.
        run: String,
        /// How it ended there.
        outcome: Option<Outcome>,
    },
    /// A job that is not run again did not pass in the earlier run, or was not part of it.
    #[error("the job `{job}` {} in the run {run}, so its outcome can't be taken from there", ended(*.outcome))]
    JobNotPassed {
        /// The job.
        job: String,
        /// The earlier run.
        run: String,
        /// How it ended there.
        outcome: Option<Outcome>,
    },
    /// What is run refers to an output that was made with a secret: the record has it masked.
    #[error("the output `{output}` of {of} was made with a secret: no record has it")]
    SecretOutput {
        /// Where it is referred to.
        span: Span,
        /// The step or job that gave it.
        of: String,
        /// Its name.
        output: String,
    },
    /// What is run refers to an output of something that is neither run nor recorded.
    #[error("the output `{output}` of {of} is neither made by what is to run nor recorded")]
    NoOutput {
        /// Where it is referred to.
        span: Span,
        /// The step or job that gives it.
        of: String,
        /// Its name.
        output: String,
    },
    /// The earlier run has nothing that failed.
    #[error("nothing failed in the run {run}")]
    NothingFailed {
        /// The earlier run.
        run: String,
    },
}

impl ResumeError {
    /// Where in the pipeline it shows, where that is one place.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::SecretOutput { span, .. } | Self::NoOutput { span, .. } => Some(*span),
            Self::StepNotPassed { .. } | Self::JobNotPassed { .. } | Self::NothingFailed { .. } => {
                None
            }
        }
    }
}

fn ended(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "was not come to",
        Some(Outcome::Passed) => "passed",
        Some(Outcome::Skipped) => "was skipped",
        Some(Outcome::Failed | Outcome::Infrastructure) => "failed",
        Some(Outcome::Denied) => "was denied",
        Some(Outcome::Cancelled) => "was cancelled",
    }
}
