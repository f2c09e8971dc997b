//! One job: its steps, in order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use capstep_grants::plan::step_name;
use capstep_host::sandbox::limits;
use capstep_host::{KeptValues, Trust};
use capstep_pipeline::expr::{Evaluated, JobStatus, Template, evaluate_template};
use capstep_pipeline::{Job, Step};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::caches::{self, JobCaches};
use crate::concurrency::{NoTurn, Turn, turn};
use crate::context::Context;
use crate::due::{Due, Reason, due, due_at_the_end};
use crate::environments::{self, Deployment};
use crate::event::{Event, Outcome, StepRef};
use crate::resume;
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
                        && !resume::is_partial(&context, &id)
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
    /// Works out what the job is about, and waits for its turn. Or why it can't run.
    async fn prepare(&self, job: &Job) -> Result<Prepared, (Outcome, String)> {
        let failed = |message: String| (Outcome::Failed, message);
        let environment = match &job.environment {
            Some(environment) => {
                let name = self.text("its environment", &environment.name);
                Some(name.map_err(failed)?)
            }
            None => None,
        };
        if environment.is_some() && self.context.trust == Trust::Untrusted {
            // Told before the run where that can be; a condition may let it come so far.
            return Err(failed("an untrusted run deploys nowhere".to_owned()));
        }
        let turn = self.turn(job).await?;
        // Worked out when it is the job's turn: the job before it may have changed the files that a key is made of.
        let caches = JobCaches::of(&self.context, job, &self.scope)?;
        Ok(Prepared {
            turn,
            environment,
            caches,
        })
    }

    /// Waits for the job's turn in its group, where it has one.
    async fn turn(&self, job: &Job) -> Result<Option<Turn>, (Outcome, String)> {
        let failed = |message: String| (Outcome::Failed, message);
        let Some(concurrency) = &job.concurrency else {
            return Ok(None);
        };
        let group = self.text("its concurrency group", &concurrency.group);
        let group = group.map_err(failed)?;
        let waiting = || {
            self.context.emitter.emit(Event::JobWaiting {
                job: job.id.value.clone(),
                group: group.clone(),
            });
        };
        let ends_others = concurrency.cancel_in_progress;
        // An untrusted run neither waits for trusted ones nor ends them.
        let own;
        let project = match self.context.trust {
            Trust::Trusted => &self.context.project,
            Trust::Untrusted => {
                own = self.context.project.join("untrusted");
                &own
            }
        };
        let turn = turn(project, &group, ends_others, &self.cancel, waiting);
        // A job that runs although the run was cancelled is to tidy up soon, or not at all.
        let limit = if self.tidying {
            limits::GRACE
        } else {
            Duration::MAX
        };
        let turn = tokio::time::timeout(limit, turn).await;
        let turn = turn.unwrap_or(Err(NoTurn::Cancelled));
        let turn = turn.map_err(|why| match why {
            NoTurn::Cancelled => (
                Outcome::Cancelled,
                "cancelled while it waited for its turn".to_owned(),
            ),
            NoTurn::Superseded => (Outcome::Cancelled, SUPERSEDED.to_owned()),
            NoTurn::Io(error) => (
                Outcome::Infrastructure,
                format!("the lock of the group `{group}` can't be used: {error}"),
            ),
        })?;
        Ok(Some(turn))
    }

    /// Runs the steps. Gives whether a newer job of the group ended this one early.
    async fn steps(&mut self, job: &Job, prepared: &mut Prepared) -> bool {
        let Prepared { turn, caches, .. } = prepared;
        let cancel = self.cancel.clone();
        let mut superseded = false;
        let ended = async {
            match turn {
                Some(turn) => turn.is_to_end().await,
                None => std::future::pending().await,
            }
            superseded = true;
            cancel.cancel();
            // The steps notice; whoever waits for them goes on to.
            std::future::pending::<()>().await;
        };
        let all = async {
            self.restore(caches).await;
            let mut kept = false;
            for (index, step) in job.steps.iter().enumerate() {
                if step.finally && !kept {
                    kept = true;
                    self.keep(job, caches).await;
                }
                let at = StepRef {
                    job: job.id.value.clone(),
                    step: index + 1,
                };
                if !resume::passes_over(&self.context, &at, step, &mut self.scope) {
                    self.step(&at, step).await;
                }
            }
            if !kept {
                self.keep(job, caches).await;
            }
        };
        tokio::select! {
            () = all => {}
            () = ended => {}
        }
        superseded
    }

    /// Brings back what the job keeps between runs; not where it is only to tidy up.
    async fn restore(&mut self, caches: &mut JobCaches) {
        if self.tidying || self.is_over() {
            return;
        }
        let restored = caches.restore(&self.context, || self.end()).await;
        self.note(restored);
    }

    /// Keeps what the job keeps between runs, after its own steps: those of `finally` are there to tidy up.
    async fn keep(&mut self, job: &Job, caches: &mut JobCaches) {
        // Of a job of which only some steps ran, nothing is whole.
        let is_partial = resume::is_partial(&self.context, &job.id.value);
        if self.tidying || self.is_over() || is_partial {
            return;
        }
        let kept = caches.save(&self.context, self.worst, || self.end());
        let kept = kept.await;
        self.note(kept);
    }

    fn note(&mut self, done: Result<(), caches::Problem>) {
        if let Err((outcome, message)) = done {
            self.went(outcome);
            self.problem = Some(message);
        }
    }

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

    /// A text of the job that is not a secret, and not empty.
    fn text(&self, what: &str, template: &Template) -> Result<String, String> {
        let problem = match evaluate_template(template, &self.scope) {
            Ok(Evaluated::Json(Value::String(text))) if !text.trim().is_empty() => {
                return Ok(self.context.masker.mask_str(&text).into_owned());
            }
            Ok(Evaluated::Json(Value::String(_))) => "it is empty".to_owned(),
            Ok(Evaluated::Json(Value::Number(number))) => return Ok(number.to_string()),
            Ok(Evaluated::Json(Value::Null)) => "it has no value".to_owned(),
            Ok(Evaluated::Json(_)) => "it is no text".to_owned(),
            Ok(Evaluated::Secret(_)) => "it is made of a secret".to_owned(),
            Err(error) => return Err(self.context.located(what, &error)),
        };
        let place = self.context.source.place(template.span());
        Err(format!("{place}: {what} can't be used: {problem}"))
    }

    /// Remembers a deployment, and tells of it; or why it can't be remembered.
    fn deployed(&mut self, job: &Job, name: String) -> Option<String> {
        let url = job
            .environment
            .as_ref()
            .and_then(|environment| environment.url.as_ref());
        let url = match url.map(|url| self.text("the environment's `url`", url)) {
            None => None,
            Some(Ok(url)) => Some(url),
            Some(Err(message)) => {
                self.worst = Outcome::Failed;
                return Some(message);
            }
        };
        let deployment = Deployment {
            run: self.context.run.clone(),
            job: job.id.value.clone(),
            time: jiff::Timestamp::now().to_string(),
            url: url.clone(),
        };
        if let Err(error) = environments::record(&self.context.project, &name, deployment) {
            self.worst = Outcome::Infrastructure;
            return Some(format!(
                "it has deployed to `{name}`, but that can't be recorded: {error}"
            ));
        }
        self.context.emitter.emit(Event::Deployed {
            job: job.id.value.clone(),
            environment: name,
            url,
        });
        None
    }

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
                    Reason::Status(JobStatus::Cancelled) if self.run_cancel.is_cancelled() => {
                        "the run was cancelled"
                    }
                    Reason::Status(JobStatus::Cancelled) => "the job was cancelled",
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
        let ended = step::run(
            &self.context,
            at,
            step,
            &self.scope,
            &self.values,
            &cancel,
            time,
        )
        .await;
        if !(step.continue_on_error && ended.outcome.is_tolerable()) {
            self.went(ended.outcome);
        }
        self.leave(step, ended.outcome, ended.outputs);
    }

    /// Whether a step is to run.
    fn due(&self, step: &Step) -> Due {
        let condition = step.condition.as_ref();
        if step.finally {
            due_at_the_end(condition, &self.scope)
        } else {
            due(condition, &self.scope)
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
        self.worst = self.worst.with(outcome);
        self.scope.status = match (outcome, self.scope.status) {
            (Outcome::Passed | Outcome::Skipped, status) => status,
            (Outcome::Cancelled, _) | (_, JobStatus::Cancelled) => JobStatus::Cancelled,
            _ => JobStatus::Failure,
        };
    }

    /// The outputs of a job whose steps passed; or why there are none, which fails it.
    fn outputs(&mut self, job: &Job) -> (Outputs, Option<String>) {
        let mut outputs = Outputs::new();
        // Of a job of which only some steps ran, nothing is made.
        if resume::is_partial(&self.context, &job.id.value) {
            return (outputs, None);
        }
        let mut wrong = Vec::new();
        for (name, template) in job.outputs.iter() {
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
