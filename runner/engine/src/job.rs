//! One job: its steps, in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use capstep_grants::plan::step_name;
use capstep_host::sandbox::limits;
use capstep_pipeline::expr::{Evaluated, JobStatus, evaluate_template};
use capstep_pipeline::{Job, Step};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::due::{Due, Reason, due};
use crate::event::{Event, Outcome, StepRef};
use crate::resume;
use crate::scope::{Outputs, RunScope};
use crate::step::{self, Ended};

/// A job that is to run.
pub(crate) struct Start {
    pub(crate) context: Arc<Context>,
    pub(crate) job: Job,
    /// The outputs of the jobs that it needs.
    pub(crate) needs: HashMap<String, Outputs>,
    /// Ends its steps early.
    pub(crate) cancel: CancellationToken,
    /// Whether it starts after the run was cancelled: its steps then have the grace and no more.
    pub(crate) tidying: bool,
}

/// What came of a job.
pub(crate) struct JobEnded {
    pub(crate) id: String,
    pub(crate) outcome: Outcome,
    pub(crate) outputs: Outputs,
}

/// Runs a job's steps until one fails; those whose condition asks for it run after that too.
pub(crate) async fn run(start: Start) -> JobEnded {
    let started = Instant::now();
    let id = start.job.id.value.clone();
    let context = Arc::clone(&start.context);
    context.emitter.emit(Event::JobStarted { job: id.clone() });
    let mut running = Running {
        // A failed job that this one needs matters for whether this one starts, not for its own steps.
        scope: RunScope::of_job(&context, start.needs, JobStatus::Success),
        deadline: start
            .job
            .timeout
            .as_ref()
            .map(|limit| started + limit.value),
        context: start.context,
        cancel: start.cancel,
        tidying: start.tidying,
        worst: Outcome::Passed,
    };
    for (index, step) in start.job.steps.iter().enumerate() {
        let at = StepRef {
            job: id.clone(),
            step: index + 1,
        };
        if !resume::passes_over(&context, &at, step, &mut running.scope) {
            running.step(&at, step).await;
        }
    }
    let (outputs, message) = running.outputs(&start.job);
    context.emitter.emit(Event::JobFinished {
        job: id.clone(),
        outcome: running.worst,
        message,
        outputs: shown(&outputs),
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    JobEnded {
        id,
        outcome: running.worst,
        outputs,
    }
}

/// A job on its way.
struct Running {
    context: Arc<Context>,
    scope: RunScope,
    cancel: CancellationToken,
    tidying: bool,
    deadline: Option<Instant>,
    worst: Outcome,
}

impl Running {
    /// Runs a step, or says why not.
    async fn step(&mut self, at: &StepRef, step: &Step) {
        let left = self
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let cancelled = self.cancel.is_cancelled();
        let time_up = left.is_some_and(|left| left.is_zero());
        if cancelled {
            self.went(Outcome::Cancelled);
        } else if time_up {
            self.went(Outcome::Failed);
        }
        match due(step.condition.as_ref(), &self.scope) {
            Due::Yes => {}
            Due::No(reason) => {
                let reason = match reason {
                    Reason::Condition => "its condition is false",
                    Reason::Status(JobStatus::Cancelled) => "the run was cancelled",
                    Reason::Status(_) if time_up => "the job's time was up",
                    Reason::Status(_) => "an earlier step did not pass",
                };
                return self.context.emitter.emit(Event::StepSkipped {
                    at: at.clone(),
                    name: step_name(step),
                    reason: reason.to_owned(),
                });
            }
            Due::Unknown(error) => {
                let message = self.context.located("the condition", &error);
                let ended = Ended::failed(Outcome::Failed, message);
                step::tell_unstarted(&self.context, at, step, &ended);
                return self.went(Outcome::Failed);
            }
        }
        let own = step
            .timeout
            .as_ref()
            .map_or(limits::TIME, |limit| limit.value);
        // Whoever runs although the end has come does so to tidy up, and has the grace for that.
        let late = cancelled || time_up || self.tidying;
        let time: Duration = match left {
            _ if late => own.min(limits::GRACE),
            Some(left) => own.min(left),
            None => own,
        };
        let cancel = if cancelled {
            CancellationToken::new()
        } else {
            self.cancel.clone()
        };
        let ended = step::run(&self.context, at, step, &self.scope, &cancel, time).await;
        self.went(ended.outcome);
        if let Some(step_id) = &step.id {
            let outputs = ended
                .outputs
                .into_iter()
                .map(|(name, value)| (name, Evaluated::Json(value)))
                .collect();
            self.scope.steps.insert(step_id.value.clone(), outputs);
        }
    }

    /// Notes how something went.
    fn went(&mut self, outcome: Outcome) {
        self.worst = self.worst.max(outcome);
        self.scope.status = match (outcome, self.scope.status) {
            (Outcome::Passed | Outcome::Skipped, status) => status,
            (Outcome::Cancelled, _) | (_, JobStatus::Cancelled) => JobStatus::Cancelled,
            _ => JobStatus::Failure,
        };
    }

    /// The job's outputs where it passed; or why there are none although its steps passed.
    fn outputs(&mut self, job: &Job) -> (Outputs, Option<String>) {
        let mut outputs = Outputs::new();
        if self.worst != Outcome::Passed || resume::is_partial(&self.context, &job.id.value) {
            return (outputs, None);
        }
        let mut wrong = Vec::new();
        for (name, template) in &job.outputs {
            match evaluate_template(template, &self.scope) {
                Ok(value) => {
                    outputs.insert(name.value.clone(), value);
                }
                Err(error) => {
                    let what = format!("the output `{}`", name.value);
                    wrong.push(self.context.located(&what, &error));
                }
            }
        }
        if wrong.is_empty() {
            return (outputs, None);
        }
        self.worst = Outcome::Failed;
        (Outputs::new(), Some(wrong.join("; ")))
    }
}

/// Outputs as events show them: secrets by name.
fn shown(outputs: &Outputs) -> Value {
    let shown: Map<String, Value> = outputs
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Evaluated::Json(value) => value.clone(),
                Evaluated::Secret(secret) => {
                    let names: Vec<&str> = secret.names.iter().map(String::as_str).collect();
                    Value::from(format!("[secret {}]", names.join("+")))
                }
            };
            (name.clone(), value)
        })
        .collect();
    Value::Object(shown)
}
