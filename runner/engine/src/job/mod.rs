//! One job: its steps, in order.

mod leaves;
mod prepare;
mod steps;

use std::sync::Arc;
use std::time::Instant;

use capstep_host::KeptValues;
use capstep_pipeline::Job;
use capstep_pipeline::expr::JobStatus;
use tokio_util::sync::CancellationToken;

use self::leaves::shown;
use crate::caches::JobCaches;
use crate::concurrency::Turn;
use crate::context::Context;
use crate::environments;
use crate::event::{Event, Outcome};
use crate::resume;
use crate::scope::{Left, Outputs, RunScope};

/// A job that is to run.
pub(crate) struct Start {
    pub(crate) context: Arc<Context>,
    pub(crate) job: Job,
    /// What its condition saw.
    pub(crate) scope: RunScope,
    /// Ends its steps early.
    pub(crate) cancel: CancellationToken,
    /// What ends the whole run.
    pub(crate) run_cancel: CancellationToken,
    /// Whether it starts after the run was cancelled: its steps then have the grace and no more.
    pub(crate) tidying: bool,
}

/// What came of a job.
pub(crate) struct JobEnded {
    pub(crate) job: Job,
    pub(crate) left: Left,
}

/// Runs a job: waits for its turn, runs its steps, makes its outputs, and remembers where it deployed to.
pub(crate) async fn run(start: Start) -> JobEnded {
    let started = Instant::now();
    let id = start.job.id.value.clone();
    let context = Arc::clone(&start.context);
    context.emitter.emit(Event::JobStarted { job: id.clone() });
    let job = &start.job;
    let mut running = Running {
        // A failed job that this one needs matters for whether this one starts, not for its own steps.
        scope: start.scope.for_steps(),
        deadline: None,
        context: start.context,
        cancel: start.cancel,
        run_cancel: start.run_cancel,
        tidying: start.tidying,
        values: Arc::new(environments::kept_values(
            &context.project,
            None,
            context.trust,
        )),
        worst: Outcome::Passed,
        problem: None,
    };
    let mut outputs = Outputs::new();
    let message = match running.prepare(job).await {
        Ok(mut prepared) => {
            running.deadline = job
                .timeout
                .as_ref()
                .map(|limit| Instant::now() + limit.value);
            if let Some(name) = &prepared.environment {
                let trust = context.trust;
                let values = environments::kept_values(&context.project, Some(name), trust);
                running.values = Arc::new(values);
            }
            let superseded = running.steps(job, &mut prepared).await;
            match running.worst {
                Outcome::Passed => {
                    let (found, mut message) = running.outputs(job);
                    outputs = found;
                    // A job of which only some steps ran has not deployed, whatever those did.
                    if running.worst == Outcome::Passed
                        && resume::completes(&context, &id)
                        && let Some(name) = prepared.environment
                    {
                        message = running.deployed(job, name);
                    }
                    message
                }
                Outcome::Cancelled if superseded => Some(SUPERSEDED.to_owned()),
                // Nothing else ends a job alone.
                Outcome::Cancelled if !running.run_cancel.is_cancelled() => {
                    Some("another job of its matrix failed".to_owned())
                }
                _ => running.problem.take(),
            }
        }
        Err((outcome, message)) => {
            running.worst = outcome;
            Some(message)
        }
    };
    if running.worst != Outcome::Passed {
        outputs.clear();
    }
    context.emitter.emit(Event::JobFinished {
        job: id.clone(),
        outcome: running.worst,
        continues: job.continue_on_error && running.worst.is_tolerable(),
        message,
        outputs: shown(&outputs),
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    JobEnded {
        left: Left {
            outcome: running.worst,
            outputs,
        },
        job: start.job,
    }
}

/// Why a job ends that a newer one of its group has ended.
const SUPERSEDED: &str = "a newer job of its group cancelled it";

/// What a job has before its first step.
struct Prepared {
    /// Its turn in its group.
    turn: Option<Turn>,
    /// The environment that it deploys to.
    environment: Option<String>,
    /// What it keeps between runs.
    caches: JobCaches,
}

/// A job on its way.
struct Running {
    context: Arc<Context>,
    scope: RunScope,
    cancel: CancellationToken,
    run_cancel: CancellationToken,
    tidying: bool,
    /// What its steps keep for later runs.
    values: Arc<KeptValues>,
    deadline: Option<Instant>,
    worst: Outcome,
    /// What went wrong beside its steps.
    problem: Option<String>,
}

impl Running {
    /// Whether the job was cancelled or its time is up.
    fn is_over(&self) -> bool {
        let is_up = self
            .deadline
            .is_some_and(|deadline| deadline <= Instant::now());
        is_up || self.cancel.is_cancelled()
    }

    /// Comes about when the job is cancelled, or its time is up.
    async fn end(&self) {
        let time = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = time => {}
        }
    }

    /// Notes how something went.
    fn went(&mut self, outcome: Outcome) {
        self.worst = self.worst.with(outcome);
        self.scope.status = match (outcome, self.scope.status) {
            (Outcome::Passed | Outcome::Skipped, status) => status,
            (Outcome::Cancelled, _) | (_, JobStatus::Cancelled) => JobStatus::Cancelled,
            _ => JobStatus::Failure,
        };
    }
}
