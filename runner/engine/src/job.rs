//! One job: its steps, in order.

use std::sync::Arc;
use std::time::Instant;

use capstep_grants::plan::step_name;
use capstep_host::sandbox::limits;
use capstep_pipeline::expr::{Evaluated, Framed, JobStatus, evaluate_template};
use capstep_pipeline::{Job, Step};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::due::{Due, Reason, due, due_at_the_end};
use crate::event::{Event, Outcome, StepRef};
use crate::scope::{Left, Outputs, RunScope};
use crate::step::{self, Ended, Time};

/// A job that is to run.
pub(crate) struct Start {
    pub(crate) context: Arc<Context>,
    pub(crate) job: Job,
    /// What its condition saw.
    pub(crate) scope: RunScope,
    /// Ends its steps early.
    pub(crate) cancel: CancellationToken,
    /// Whether it starts after the run was cancelled: its steps then have the grace and no more.
    pub(crate) tidying: bool,
}

/// What came of a job.
pub(crate) struct JobEnded {
    pub(crate) job: Job,
    pub(crate) left: Left,
}

/// Runs a job's steps until one fails; those whose condition asks for it run after that too.
pub(crate) async fn run(start: Start) -> JobEnded {
    let started = Instant::now();
    let id = start.job.id.value.clone();
    let context = Arc::clone(&start.context);
    context.emitter.emit(Event::JobStarted { job: id.clone() });
    let mut running = Running {
        // A failed job that this one needs matters for whether this one starts, not for its own steps.
        scope: start.scope.for_steps(),
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
        running.step(&at, step).await;
    }
    let (outputs, message) = running.outputs(&start.job);
    context.emitter.emit(Event::JobFinished {
        job: id.clone(),
        outcome: running.worst,
        continues: start.job.continue_on_error && running.worst.is_tolerable(),
        message,
        outputs: shown(&outputs),
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    JobEnded {
        job: start.job,
        left: Left {
            outcome: running.worst,
            outputs,
        },
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
        match self.due(step) {
            Due::Yes => {}
            Due::No(reason) => {
                let reason = match reason {
                    Reason::Condition => "its condition is false",
                    Reason::Status(JobStatus::Cancelled) => "the run was cancelled",
                    Reason::Status(_) if time_up => "the job's time was up",
                    Reason::Status(_) => "an earlier step did not pass",
                };
                self.context.emitter.emit(Event::StepSkipped {
                    at: at.clone(),
                    name: step_name(step),
                    reason: reason.to_owned(),
                });
                return self.leave(step, Outcome::Skipped, Map::new());
            }
            Due::Unknown(error) => {
                let message = self.context.located("the condition", &error);
                let ended = Ended::failed(Outcome::Failed, message);
                step::tell_unstarted(&self.context, at, step, &ended);
                self.went(Outcome::Failed);
                return self.leave(step, Outcome::Failed, Map::new());
            }
        }
        let own = step
            .timeout
            .as_ref()
            .map_or(limits::TIME, |limit| limit.value);
        // Whoever runs although the end has come does so to tidy up, and has the grace for that.
        let late = cancelled || time_up || self.tidying;
        let time = Time {
            each: if late { own.min(limits::GRACE) } else { own },
            until: if late {
                Some(Instant::now() + limits::GRACE)
            } else {
                self.deadline
            },
        };
        let cancel = if cancelled {
            CancellationToken::new()
        } else {
            self.cancel.clone()
        };
        let ended = step::run(&self.context, at, step, &self.scope, &cancel, time).await;
        if !(step.continue_on_error && ended.outcome.is_tolerable()) {
            self.went(ended.outcome);
        }
        self.leave(step, ended.outcome, ended.outputs);
    }

    /// Whether a step is to run.
    fn due(&self, step: &Step) -> Due {
        let framed = Framed {
            scope: &self.scope,
            frame: &step.frame,
        };
        let condition = step.condition.as_ref();
        if step.finally {
            due_at_the_end(condition, &framed)
        } else {
            due(condition, &framed)
        }
    }

    /// Keeps what later expressions may ask for.
    fn leave(&mut self, step: &Step, outcome: Outcome, outputs: Map<String, Value>) {
        if let Some(id) = &step.id {
            let outputs = outputs
                .into_iter()
                .map(|(name, value)| (name, Evaluated::Json(value)))
                .collect();
            self.scope
                .steps
                .insert(id.value.clone(), Left { outcome, outputs });
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
        if self.worst != Outcome::Passed {
            return (outputs, None);
        }
        let mut wrong = Vec::new();
        let framed = Framed {
            scope: &self.scope,
            frame: &job.frame,
        };
        for (name, template) in &job.outputs {
            match evaluate_template(template, &framed) {
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
