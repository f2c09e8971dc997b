//! The dispatcher: owns the run. It alone decides which job starts when, and what the run came to.

use std::collections::HashMap;
use std::sync::Arc;

use capstep_pipeline::expr::JobStatus;
use capstep_pipeline::{Job, Pipeline};
use tokio::task::JoinSet;

use crate::cancel::Cancel;
use crate::context::Context;
use crate::due::{self, Due};
use crate::event::{Event, Outcome};
use crate::job::{self, JobEnded, Start};
use crate::resume;
use crate::scope::{Outputs, RunScope};

/// The state of a run.
pub(crate) struct Dispatcher {
    context: Arc<Context>,
    pipeline: Arc<Pipeline>,
    /// Places of jobs in the pipeline that have neither started nor been settled, in the order written.
    waiting: Vec<usize>,
    running: JoinSet<JobEnded>,
    ended: HashMap<String, Settled>,
    /// How many jobs may run at once.
    limit: usize,
}

/// What is remembered of a job that ran, or never will.
struct Settled {
    outcome: Outcome,
    outputs: Outputs,
    /// Whether it failed, or was not run since something that it needs failed.
    broken: bool,
}

impl Dispatcher {
    pub(crate) fn new(
        context: Arc<Context>,
        pipeline: Arc<Pipeline>,
        selected: Vec<usize>,
        limit: usize,
    ) -> Self {
        Self {
            context,
            pipeline,
            waiting: selected,
            running: JoinSet::new(),
            ended: HashMap::new(),
            limit: limit.max(1),
        }
    }

    /// Runs all jobs; gives what the run came to.
    pub(crate) async fn work(mut self, cancel: &Cancel) -> Outcome {
        let mut told = false;
        self.settle_what_is_not_run();
        loop {
            self.start_ready(cancel);
            if self.running.is_empty() {
                break;
            }
            tokio::select! {
                // A request to end comes first: that it was heard is told even where the last job ends at once.
                biased;
                () = cancel.soft.cancelled(), if !told => {
                    told = true;
                    self.context.emitter.emit(Event::Cancelling);
                }
                joined = self.running.join_next() => {
                    if let Some(joined) = joined {
                        self.note(joined);
                    }
                }
                () = cancel.hard.cancelled() => {
                    self.running.shutdown().await;
                    return Outcome::Cancelled;
                }
            }
        }
        let outcomes = self.ended.values().map(|settled| settled.outcome);
        match outcomes.max().unwrap_or(Outcome::Passed) {
            Outcome::Skipped => Outcome::Passed,
            worst if cancel.soft.is_cancelled() && worst != Outcome::Passed => Outcome::Cancelled,
            worst => worst,
        }
    }

    fn note(&mut self, joined: Result<JobEnded, tokio::task::JoinError>) {
        match joined {
            Ok(ended) => self.settle(ended.id, ended.outcome, ended.outputs, false),
            // A job's own steps are guarded one by one; what breaks here is the engine itself.
            Err(_) => self.settle(
                String::new(),
                Outcome::Infrastructure,
                Outputs::new(),
                false,
            ),
        }
    }

    /// `held_back`: it was not run since something that it needs failed.
    fn settle(&mut self, id: String, outcome: Outcome, outputs: Outputs, held_back: bool) {
        let settled = Settled {
            outcome,
            outputs,
            broken: outcome.is_failure() || held_back,
        };
        self.ended.insert(id, settled);
    }

    /// Settles the jobs that are taken from an earlier run, or left out, before any other starts.
    fn settle_what_is_not_run(&mut self) {
        for index in std::mem::take(&mut self.waiting) {
            let job = self.pipeline.jobs.get(index).cloned();
            let settled = job.and_then(|job| Some((resume::settled(&self.context, &job)?, job)));
            match settled {
                Some(((outcome, outputs), job)) => {
                    self.settle(job.id.value, outcome, outputs, false);
                }
                None => self.waiting.push(index),
            }
        }
    }

    /// Starts what can start, and settles what never will; one settled job may settle another.
    fn start_ready(&mut self, cancel: &Cancel) {
        loop {
            let mut changed = false;
            let mut still = Vec::new();
            let pipeline = Arc::clone(&self.pipeline);
            for index in std::mem::take(&mut self.waiting) {
                let Some(job) = pipeline.jobs.get(index) else {
                    continue;
                };
                if self.decide(job, cancel) {
                    changed = true;
                } else {
                    still.push(index);
                }
            }
            self.waiting = still;
            if !changed {
                return;
            }
        }
    }

    /// Starts a job or settles it. False: it has to wait.
    fn decide(&mut self, job: &Job, cancel: &Cancel) -> bool {
        let ready = job
            .needs
            .iter()
            .all(|need| self.ended.contains_key(&need.value));
        if !ready {
            return false;
        }
        let cancelled = cancel.soft.is_cancelled();
        let status = self.status_of(job, cancelled);
        let needs = self.outputs_of_needs(job);
        let scope = RunScope::of_job(&self.context, needs.clone(), status);
        match due::due(job.condition.as_ref(), &scope) {
            Due::Yes if self.running.len() >= self.limit => return false,
            Due::Yes => {
                let start = Start {
                    context: Arc::clone(&self.context),
                    job: job.clone(),
                    needs,
                    // Steps of a job that is due after the cancel are for tidying up: the cancel is not theirs.
                    cancel: if cancelled {
                        tokio_util::sync::CancellationToken::new()
                    } else {
                        cancel.soft.clone()
                    },
                    tidying: cancelled,
                };
                self.running.spawn(job::run(start));
            }
            Due::No(reason) => {
                let outcome = match status {
                    JobStatus::Cancelled => Outcome::Cancelled,
                    _ => Outcome::Skipped,
                };
                let id = job.id.value.clone();
                self.context.emitter.emit(Event::JobSkipped {
                    job: id.clone(),
                    reason: match reason {
                        due::Reason::Condition => "its condition is false",
                        due::Reason::Status(JobStatus::Cancelled) => "the run was cancelled",
                        due::Reason::Status(JobStatus::Skipped) => {
                            "a job that it needs was not run"
                        }
                        due::Reason::Status(_) => "a job that it needs did not pass",
                    }
                    .to_owned(),
                });
                self.settle(id, outcome, Outputs::new(), status == JobStatus::Failure);
            }
            Due::Unknown(error) => {
                let id = job.id.value.clone();
                self.context
                    .emitter
                    .emit(Event::JobStarted { job: id.clone() });
                self.context.emitter.emit(Event::JobFinished {
                    job: id.clone(),
                    outcome: Outcome::Failed,
                    message: Some(self.context.located("its condition", &error)),
                    outputs: serde_json::json!({}),
                    milliseconds: 0,
                });
                self.settle(id, Outcome::Failed, Outputs::new(), false);
            }
        }
        true
    }

    fn outputs_of_needs(&self, job: &Job) -> HashMap<String, Outputs> {
        job.needs
            .iter()
            .filter_map(|need| {
                let settled = self.ended.get(&need.value)?;
                Some((need.value.clone(), settled.outputs.clone()))
            })
            .collect()
    }

    /// How it went for a job before it starts.
    fn status_of(&self, job: &Job, cancelled: bool) -> JobStatus {
        if cancelled {
            return JobStatus::Cancelled;
        }
        let needs = || {
            job.needs
                .iter()
                .filter_map(|need| self.ended.get(&need.value))
        };
        if needs().any(|settled| settled.broken) {
            JobStatus::Failure
        } else if needs().all(|settled| settled.outcome == Outcome::Passed) {
            JobStatus::Success
        } else {
            JobStatus::Skipped
        }
    }
}
