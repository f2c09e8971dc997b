//! The steps of a job, in order, between what is restored and what is kept.

use std::time::Instant;

use capstep_grants::plan::step_name;
use capstep_host::sandbox::limits;
use capstep_pipeline::expr::{Evaluated, JobStatus};
use capstep_pipeline::{Job, Step};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{Prepared, Running};
use crate::caches::{self, JobCaches};
use crate::due::{Due, Reason, due, due_at_the_end};
use crate::event::{Event, Outcome, StepRef};
use crate::resume;
use crate::scope::Left;
use crate::step::{self, Ended, Time};

impl Running {
    /// Runs the steps. Gives whether a newer job of the group ended this one early.
    pub(super) async fn steps(&mut self, job: &Job, prepared: &mut Prepared) -> bool {
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
        let is_whole = resume::completes(&self.context, &job.id.value);
        if self.tidying || self.is_over() || !is_whole {
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
}
