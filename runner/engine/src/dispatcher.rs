//! The dispatcher: owns the run. It alone decides which job starts when, and what the run came to.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use capstep_pipeline::expr::JobStatus;
use capstep_pipeline::{Job, Pipeline};
use serde_json::Value;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::cancel::Cancel;
use crate::context::Context;
use crate::due::{Due, Reason, due};
use crate::event::{Event, Outcome};
use crate::job::{self, JobEnded, Start};
use crate::matrices::Matrices;
use crate::resume;
use crate::scope::{Left, Needed, Outputs, RunScope};

/// The state of a run.
pub(crate) struct Dispatcher {
    context: Arc<Context>,
    pipeline: Arc<Pipeline>,
    /// Places of jobs in the pipeline that have neither started nor been settled, in the order written.
    waiting: Vec<usize>,
    running: JoinSet<JobEnded>,
    /// By the jobs' ids.
    ended: HashMap<String, Settled>,
    /// The keys of jobs, and whether they are of a matrix, by their ids.
    keys: HashMap<String, (String, bool)>,
    matrices: Matrices,
    /// The keys of jobs that are for other events than the run's.
    for_others: HashSet<String>,
    /// How many jobs may run at once.
    limit: usize,
}

/// What is remembered of a job that ran, or never will.
struct Settled {
    left: Left,
    /// Whether it failed, or was not run since something that it needs failed.
    broken: bool,
    /// Whether it counts as one that passed, since it may fail.
    tolerated: bool,
    /// Whether it was cancelled since another job of its matrix failed.
    by_matrix: bool,
}

impl Settled {
    fn counts_as_passed(&self) -> bool {
        self.tolerated || self.left.outcome == Outcome::Passed
    }
}

impl Dispatcher {
    pub(crate) fn new(
        context: Arc<Context>,
        pipeline: Arc<Pipeline>,
        selected: Vec<usize>,
        limit: usize,
    ) -> Self {
        let key = |job: &Job| (job.key.clone(), job.matrix.is_some());
        let jobs = pipeline.jobs.iter();
        Self {
            for_others: for_others(&pipeline, context.variables.event.as_ref()),
            keys: jobs.map(|job| (job.id.value.clone(), key(job))).collect(),
            context,
            pipeline,
            waiting: selected,
            running: JoinSet::new(),
            ended: HashMap::new(),
            matrices: Matrices::default(),
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
        self.outcome(cancel.soft.is_cancelled())
    }

    fn outcome(&self, cancelled: bool) -> Outcome {
        // Where a job was cancelled since another one of its matrix failed, that one counts.
        let counting = self
            .ended
            .values()
            .filter(|settled| !settled.tolerated && (cancelled || !settled.by_matrix));
        let outcomes = counting.map(|settled| settled.left.outcome);
        match outcomes.max().unwrap_or(Outcome::Passed) {
            Outcome::Skipped => Outcome::Passed,
            worst if cancelled && worst != Outcome::Passed => Outcome::Cancelled,
            worst => worst,
        }
    }

    fn note(&mut self, joined: Result<JobEnded, JoinError>) {
        match joined {
            Ok(ended) => {
                let job = &ended.job;
                let tolerated = job.continue_on_error && ended.left.outcome.is_tolerable();
                let failed = ended.left.outcome.is_failure() && !tolerated;
                self.matrices.ended(job, failed);
                let is_cancelled = ended.left.outcome == Outcome::Cancelled;
                let settled = Settled {
                    by_matrix: is_cancelled && self.matrices.has_failed(job),
                    broken: failed,
                    tolerated,
                    left: ended.left,
                };
                self.ended.insert(ended.job.id.value, settled);
            }
            // A job's own steps are guarded one by one; what breaks here is the engine itself.
            Err(_) => self.settle(String::new(), Outcome::Infrastructure, false),
        }
    }

    /// Notes a job that is not run. `held_back`: since something that it needs failed.
    fn settle(&mut self, id: String, outcome: Outcome, held_back: bool) {
        let settled = Settled {
            broken: outcome.is_failure() || held_back,
            tolerated: false,
            by_matrix: false,
            left: Left {
                outcome,
                outputs: Outputs::new(),
            },
        };
        self.ended.insert(id, settled);
    }

    /// Settles the jobs that are taken from an earlier run, or left out, before any other starts.
    fn settle_what_is_not_run(&mut self) {
        for index in std::mem::take(&mut self.waiting) {
            let Some(job) = self.pipeline.jobs.get(index) else {
                continue;
            };
            match resume::settled(&self.context, job) {
                Some(left) => {
                    let settled = Settled {
                        left,
                        broken: false,
                        tolerated: false,
                        by_matrix: false,
                    };
                    self.ended.insert(job.id.value.clone(), settled);
                }
                None => self.waiting.push(index),
            }
        }
    }

    /// Starts what can start, and settles what never will; one settled job may settle another.
    fn start_ready(&mut self, cancel: &Cancel) {
        let pipeline = Arc::clone(&self.pipeline);
        loop {
            let mut changed = false;
            let mut still = Vec::new();
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
        if self.for_others.contains(&job.key) {
            self.skip(job, "it is not for this event", Outcome::Skipped, false);
            return true;
        }
        let cancelled = cancel.soft.is_cancelled();
        if !cancelled && self.matrices.has_failed(job) {
            self.skip(
                job,
                "another job of its matrix failed",
                Outcome::Cancelled,
                false,
            );
            if let Some(settled) = self.ended.get_mut(&job.id.value) {
                settled.by_matrix = true;
            }
            return true;
        }
        let status = self.status_of(job, cancelled);
        let is_full = self.running.len() >= self.limit || self.matrices.is_full(job);
        // What is certainly due and has to wait is looked at each time a job ends: that must cost little.
        if is_full && job.condition.is_none() && status == JobStatus::Success {
            return false;
        }
        let needs = self.needed(job);
        let scope = RunScope::of_job(&self.context, job, needs, status);
        match due(job.condition.as_ref(), &scope) {
            Due::Yes => {
                if is_full {
                    return false;
                }
                self.start(job, scope, cancelled, cancel);
            }
            Due::No(reason) => {
                let (reason, outcome) = match reason {
                    Reason::Condition => ("its condition is false", Outcome::Skipped),
                    Reason::Status(JobStatus::Cancelled) => {
                        ("the run was cancelled", Outcome::Cancelled)
                    }
                    Reason::Status(JobStatus::Skipped) => {
                        ("a job that it needs was not run", Outcome::Skipped)
                    }
                    Reason::Status(_) => ("a job that it needs did not pass", Outcome::Skipped),
                };
                self.skip(job, reason, outcome, status == JobStatus::Failure);
            }
            Due::Unknown(error) => {
                let id = job.id.value.clone();
                let emitter = &self.context.emitter;
                emitter.emit(Event::JobStarted { job: id.clone() });
                emitter.emit(Event::JobFinished {
                    job: id.clone(),
                    outcome: Outcome::Failed,
                    continues: false,
                    message: Some(self.context.located("its condition", &error)),
                    outputs: serde_json::json!({}),
                    milliseconds: 0,
                });
                self.settle(id, Outcome::Failed, false);
            }
        }
        true
    }

    fn start(&mut self, job: &Job, scope: RunScope, tidying: bool, cancel: &Cancel) {
        // Steps of a job that is due after the cancel are for tidying up: the cancel is not theirs.
        let token = if tidying {
            CancellationToken::new()
        } else {
            cancel.soft.clone()
        };
        let start = Start {
            context: Arc::clone(&self.context),
            job: job.clone(),
            scope,
            cancel: self.matrices.starts(job, &token),
            run_cancel: cancel.soft.clone(),
            tidying,
        };
        self.running.spawn(job::run(start));
    }

    fn skip(&mut self, job: &Job, reason: &str, outcome: Outcome, held_back: bool) {
        self.context.emitter.emit(Event::JobSkipped {
            job: job.id.value.clone(),
            reason: reason.to_owned(),
        });
        self.settle(job.id.value.clone(), outcome, held_back);
    }

    /// What is left of the jobs that a job needs, by their keys.
    fn needed(&self, job: &Job) -> HashMap<String, Needed> {
        let mut needed = HashMap::new();
        for need in &job.needs {
            let (Some(settled), Some((key, is_matrix))) =
                (self.ended.get(&need.value), self.keys.get(&need.value))
            else {
                continue;
            };
            let left = settled.left.clone();
            if !is_matrix {
                needed.insert(key.clone(), Needed::One(left));
                continue;
            }
            match needed.get_mut(key) {
                Some(Needed::Matrix(all)) => all.push(left),
                _ => {
                    needed.insert(key.clone(), Needed::Matrix(vec![left]));
                }
            }
        }
        needed
    }

    /// How it went for a job before it starts.
    fn status_of(&self, job: &Job, cancelled: bool) -> JobStatus {
        if cancelled {
            return JobStatus::Cancelled;
        }
        let needs = || {
            let needs = job.needs.iter();
            needs.filter_map(|need| self.ended.get(&need.value))
        };
        if needs().any(|settled| settled.broken) {
            JobStatus::Failure
        } else if needs().all(Settled::counts_as_passed) {
            JobStatus::Success
        } else {
            JobStatus::Skipped
        }
    }
}

/// The keys of jobs that are for other events than this one, by their own `on` or the pipeline's. A run without an event is
/// about nothing that could be filtered: all jobs are for it.
pub(crate) fn for_others(pipeline: &Pipeline, event: Option<&Value>) -> HashSet<String> {
    let Some(event) = event else {
        return HashSet::new();
    };
    let all = pipeline.on.as_ref().is_some_and(|on| !on.admit(event));
    let mut seen = HashSet::new();
    let jobs = pipeline.jobs.iter();
    // The jobs of a matrix have one `on`.
    jobs.filter(|job| seen.insert(job.key.as_str()))
        .filter(|job| all || job.on.as_ref().is_some_and(|on| !on.admit(event)))
        .map(|job| job.key.clone())
        .collect()
}
