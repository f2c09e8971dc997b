//! One job: its steps, in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use capstep_grants::plan::step_name;
use capstep_host::sandbox::limits;
use capstep_pipeline::Job;
use capstep_pipeline::expr::{Evaluated, Expr, JobStatus, evaluate_condition, evaluate_template};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::dispatcher::Context;
use crate::event::{Event, Outcome, StepRef};
use crate::scope::{Outputs, RunScope};
use crate::step;

/// What came of a job.
pub(crate) struct JobEnded {
    pub(crate) id: String,
    pub(crate) outcome: Outcome,
    pub(crate) outputs: Outputs,
}

/// Runs a job's steps until one fails; those whose condition asks for it run after that too.
pub(crate) async fn run(
    context: Arc<Context>,
    job: Job,
    needs: HashMap<String, Outputs>,
    needs_status: JobStatus,
    cancel: CancellationToken,
) -> JobEnded {
    let started = Instant::now();
    let id = job.id.value.clone();
    context.emitter.emit(Event::JobStarted { job: id.clone() });
    let mut scope = RunScope {
        run: context.run.clone(),
        variables: Arc::clone(&context.variables),
        secrets: Arc::clone(&context.secrets),
        steps: HashMap::new(),
        needs,
        status: needs_status,
    };
    // A failed job that this one needs matters for whether this one starts, not for its own steps.
    scope.status = JobStatus::Success;
    let deadline = job.timeout.as_ref().map(|limit| started + limit.value);
    let mut worst = Outcome::Passed;
    for (index, step) in job.steps.iter().enumerate() {
        let at = StepRef {
            job: id.clone(),
            step: index + 1,
        };
        let skip = |reason: String| {
            context.emitter.emit(Event::StepSkipped {
                at: at.clone(),
                name: step_name(step),
                reason,
            });
        };
        if cancel.is_cancelled() {
            worst = worst.max(Outcome::Cancelled);
            scope.status = JobStatus::Cancelled;
            skip("the run was cancelled".to_owned());
            continue;
        }
        match due(step.condition.as_ref(), &scope) {
            Ok(true) => {}
            Ok(false) if scope.status == JobStatus::Success => {
                skip("its condition is false".to_owned());
                continue;
            }
            Ok(false) => {
                skip("an earlier step did not pass".to_owned());
                continue;
            }
            Err(message) => {
                skip(format!("its condition can't be evaluated: {message}"));
                worst = worst.max(Outcome::Failed);
                scope.status = JobStatus::Failure;
                continue;
            }
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            worst = worst.max(Outcome::Failed);
            scope.status = JobStatus::Failure;
            skip("the job's time was up".to_owned());
            continue;
        }
        let own = step
            .timeout
            .as_ref()
            .map_or(limits::TIME, |limit| limit.value);
        let time: Duration = left.map_or(own, |left| own.min(left));
        let ended = step::run(&context, &at, step, &scope, &cancel, time).await;
        worst = worst.max(ended.outcome);
        if ended.outcome != Outcome::Passed {
            scope.status = if ended.outcome == Outcome::Cancelled {
                JobStatus::Cancelled
            } else {
                JobStatus::Failure
            };
        }
        if let Some(step_id) = &step.id {
            let outputs = ended
                .outputs
                .into_iter()
                .map(|(name, value)| (name, Evaluated::Json(value)))
                .collect();
            scope.steps.insert(step_id.value.clone(), outputs);
        }
    }
    let outputs = if worst == Outcome::Passed {
        job_outputs(&job, &scope, &mut worst)
    } else {
        Outputs::new()
    };
    context.emitter.emit(Event::JobFinished {
        job: id.clone(),
        outcome: worst,
        outputs: shown(&outputs),
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    JobEnded {
        id,
        outcome: worst,
        outputs,
    }
}

/// Whether something is to run: its condition, and `success()` where the condition asks for no status itself.
pub(crate) fn due(condition: Option<&Expr>, scope: &RunScope) -> Result<bool, String> {
    let passed = scope.status == JobStatus::Success;
    match condition {
        None => Ok(passed),
        Some(condition) if !condition.uses_status() && !passed => Ok(false),
        Some(condition) => evaluate_condition(condition, scope).map_err(|error| error.message),
    }
}

fn job_outputs(job: &Job, scope: &RunScope, worst: &mut Outcome) -> Outputs {
    let mut outputs = Outputs::new();
    for (name, template) in &job.outputs {
        match evaluate_template(template, scope) {
            Ok(value) => {
                outputs.insert(name.value.clone(), value);
            }
            Err(_) => *worst = (*worst).max(Outcome::Failed),
        }
    }
    outputs
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
