//! A run's events folded into what reports tell after its end. It takes what it knows from events alone, and from the
//! plan what no event told.
//!
//! - `model`: the run; `log`: a step's log, kept within bounds.

mod log;
mod model;

use std::collections::HashMap;

use capstep_engine::{Event, Level, Outcome, StepRef, TimedEvent};
use capstep_grants::plan::Plan;
use jiff::Timestamp;

use super::{annotated, cached};

pub(super) use log::{Line, Log, Weight, cut};
pub(super) use model::{JobRecord, Span, StepRecord, is_fine, word};

/// How many of a step's denials are kept: each is much the same news, and a plugin may try a thousand times.
const DENIALS: usize = 50;
/// How much all logs may take, in bytes, before those of steps that end are shortened.
const LOGS: usize = 32 * 1024 * 1024;

/// A run, as its events told it.
#[derive(Default)]
pub(super) struct Recording {
    pub(super) run: String,
    pub(super) pipeline: String,
    /// RFC 3339; empty where the run did not begin.
    pub(super) started: String,
    /// None where its end was not told.
    pub(super) outcome: Option<Outcome>,
    pub(super) took: u64,
    pub(super) journal_head: String,
    pub(super) jobs: Vec<JobRecord>,
    /// Where in `jobs` each is: it is looked up for every line of a log.
    places: HashMap<String, usize>,
    begin: Option<Timestamp>,
    logs: usize,
}

impl Recording {
    /// Takes note of an event.
    pub(super) fn note(&mut self, timed: &TimedEvent) {
        let now = self.since_begin(&timed.time);
        match &timed.event {
            Event::RunStarted {
                run,
                pipeline,
                jobs,
                ..
            } => {
                self.run.clone_from(run);
                self.pipeline.clone_from(pipeline);
                self.started.clone_from(&timed.time);
                self.begin = timed.time.parse().ok();
                for job in jobs {
                    self.job(job);
                }
            }
            Event::JobStarted { job } => {
                self.job(job).span = Some(Span {
                    start: now,
                    took: 0,
                });
            }
            Event::JobSkipped { job, reason } => {
                let job = self.job(job);
                job.outcome = Some(Outcome::Skipped);
                job.message = Some(reason.clone());
            }
            Event::JobTaken {
                job,
                run,
                outcome,
                outputs,
            } => {
                let job = self.job(job);
                job.outcome = Some(*outcome);
                job.taken = true;
                job.message = Some(format!("taken from the run {run}"));
                job.outputs = outputs.clone();
            }
            Event::Deployed {
                job,
                environment,
                url,
            } => self.job(job).deployed = Some((environment.clone(), url.clone())),
            Event::JobFinished {
                job,
                outcome,
                continues,
                message,
                outputs,
                ..
            } => {
                let job = self.job(job);
                end(&mut job.span, now);
                job.outcome = Some(*outcome);
                job.continues = *continues;
                // Its steps failed it, and it may fail.
                for step in job.steps.iter_mut().filter(|_| *continues) {
                    step.continues = !is_fine(step.outcome);
                }
                job.message.clone_from(message);
                job.outputs = outputs.clone();
            }
            Event::RunFinished {
                outcome,
                milliseconds,
                journal_head,
                ..
            } => {
                self.outcome = Some(*outcome);
                self.took = *milliseconds;
                self.journal_head.clone_from(journal_head);
            }
            other => match cached::told(other) {
                Some(told) => self
                    .job(told.job)
                    .cached
                    .push(weight(told.level), &told.text),
                None => self.note_step(other, now),
            },
        }
    }

    fn note_step(&mut self, event: &Event, now: u64) {
        match event {
            Event::StepStarted {
                at,
                name,
                uses,
                place,
                attempt,
            } => {
                let step = self.step(at);
                step.place = Some(place.clone());
                step.name.clone_from(name);
                step.uses.clone_from(uses);
                step.attempts = *attempt;
                if *attempt > 1 {
                    step.log.close_all();
                    step.log.push(Weight::Group, &format!("attempt {attempt}"));
                }
                let begun = Span {
                    start: now,
                    took: 0,
                };
                step.span.get_or_insert(begun);
            }
            Event::StepSkipped { at, name, reason } => {
                let step = self.step(at);
                step.name.clone_from(name);
                step.outcome = Some(Outcome::Skipped);
                step.message = Some(reason.clone());
            }
            Event::StepTaken {
                at,
                name,
                run,
                outcome,
                outputs,
            } => {
                let step = self.step(at);
                step.name.clone_from(name);
                step.outcome = Some(*outcome);
                step.taken = true;
                step.message = Some(format!("taken from the run {run}"));
                step.outputs = outputs.clone();
            }
            Event::StepRetrying {
                at, kind, message, ..
            } => {
                let why = message.as_deref().unwrap_or(kind);
                self.line(
                    at,
                    Weight::Warn,
                    &format!("it failed, and is tried again: {why}"),
                );
            }
            Event::Line { at, level, text } => self.line(at, weight(*level), text),
            Event::GroupOpened { at, title } => self.step(at).log.open(title),
            Event::GroupClosed { at } => self.step(at).log.close(),
            Event::Annotation {
                at,
                level,
                message,
                file,
                line,
            } => {
                let text = annotated(file.as_deref(), *line, message);
                self.line(at, weight(*level), &text);
            }
            Event::Denied { at, denial } => {
                let step = self.step(at);
                if step.denials.len() < DENIALS {
                    step.denials.push(denial.clone());
                } else {
                    step.more_denials += 1;
                }
            }
            Event::StepFinished {
                at,
                outcome,
                continues,
                message,
                details,
                outputs,
                ..
            } => {
                let room = self.logs < LOGS;
                let step = self.step(at);
                end(&mut step.span, now);
                step.outcome = Some(*outcome);
                step.continues = *continues;
                step.message.clone_from(message);
                step.details = details.clone();
                step.outputs = outputs.clone();
                if !room {
                    step.log.shorten();
                }
                let cost = step.log.cost();
                self.logs += cost;
            }
            _ => {}
        }
    }

    /// Adds the steps that the plan has and no event told: those of jobs that were skipped, or taken from an earlier run.
    pub(super) fn complete(&mut self, plan: &Plan) {
        for job in &mut self.jobs {
            let planned = plan.jobs.iter().find(|planned| planned.id == job.id);
            for planned in planned.into_iter().flat_map(|planned| &planned.steps) {
                if job.steps.iter().any(|step| step.number == planned.number) {
                    continue;
                }
                job.steps.push(StepRecord {
                    number: planned.number,
                    name: planned.name.clone(),
                    uses: planned.uses.clone(),
                    place: Some(planned.place.clone()),
                    // Of a job that was taken and did not pass, which steps it was is not known here.
                    outcome: match job.outcome {
                        Some(Outcome::Passed) if job.taken => Some(Outcome::Passed),
                        _ => Some(Outcome::Skipped),
                    },
                    taken: job.taken,
                    message: Some(match (&job.message, job.outcome) {
                        (Some(reason), _) if job.taken => reason.clone(),
                        (Some(reason), Some(Outcome::Skipped)) => reason.clone(),
                        _ => "its job ended before it".to_owned(),
                    }),
                    ..StepRecord::default()
                });
            }
            job.steps.sort_by_key(|step| step.number);
        }
    }

    fn line(&mut self, at: &StepRef, weight: Weight, text: &str) {
        self.step(at).log.push(weight, text);
    }

    fn job(&mut self, id: &str) -> &mut JobRecord {
        let place = self.places.get(id).copied().unwrap_or_else(|| {
            self.jobs.push(JobRecord {
                id: id.to_owned(),
                ..JobRecord::default()
            });
            self.places.insert(id.to_owned(), self.jobs.len() - 1);
            self.jobs.len() - 1
        });
        &mut self.jobs[place]
    }

    fn step(&mut self, at: &StepRef) -> &mut StepRecord {
        let steps = &mut self.job(&at.job).steps;
        let place = steps.iter().rposition(|step| step.number == at.step);
        let place = place.unwrap_or_else(|| {
            steps.push(StepRecord {
                number: at.step,
                ..StepRecord::default()
            });
            steps.len() - 1
        });
        &mut steps[place]
    }

    /// Milliseconds from the run's start to that time.
    fn since_begin(&self, time: &str) -> u64 {
        let (Some(begin), Ok(now)) = (self.begin, time.parse::<Timestamp>()) else {
            return 0;
        };
        let passed = now.as_millisecond().saturating_sub(begin.as_millisecond());
        u64::try_from(passed).unwrap_or(0)
    }
}

fn end(span: &mut Option<Span>, now: u64) {
    if let Some(span) = span {
        span.took = now.saturating_sub(span.start);
    }
}

fn weight(level: Level) -> Weight {
    match level {
        Level::Debug => Weight::Debug,
        Level::Info => Weight::Info,
        Level::Warn => Weight::Warn,
        Level::Error => Weight::Error,
    }
}
