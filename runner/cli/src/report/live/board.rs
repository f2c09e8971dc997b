//! What runs now, folded from events.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use capstep_engine::{Event, Outcome, StepRef};

use super::super::cached;
use super::progress::Progress;
use crate::printer::plain;

/// The run, as far as the live view shows it.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) began: Instant,
    /// In the order of the pipeline, so that rows keep their places.
    pub(super) running: Vec<Job>,
    pub(super) counts: Counts,
    /// Each job's place in the pipeline.
    places: HashMap<String, usize>,
}

/// How many jobs there are, and how many have ended in which way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) all: usize,
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    pub(super) cancelled: usize,
}

/// A job that runs.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) began: Instant,
    /// The group that it waits for, before its first step.
    pub(super) waits_for: Option<String>,
    /// What it does beside its steps.
    pub(super) beside: Option<String>,
    pub(super) step: Option<Step>,
}

/// The step that a job is at.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) number: usize,
    pub(super) name: String,
    /// When it is tried again, where a try has failed.
    pub(super) again: Option<Instant>,
    pub(super) progress: Progress,
    /// The titles of the groups that are open in its log.
    pub(super) groups: Vec<String>,
}

impl Board {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            running: Vec::new(),
            counts: Counts::default(),
            places: HashMap::new(),
        }
    }

    /// Takes an event.
    pub(super) fn tell(&mut self, event: &Event, now: Instant) {
        match event {
            Event::RunStarted { jobs, .. } => {
                self.began = now;
                self.counts.all = jobs.len();
                let places = jobs.iter().enumerate();
                self.places = places.map(|(at, id)| (on_a_line(id), at)).collect();
            }
            Event::JobStarted { job } => self.job_started(job, now),
            Event::JobWaiting { job, group } => {
                if let Some(running) = self.job(job) {
                    running.waits_for = Some(on_a_line(group));
                }
            }
            Event::JobSkipped { job, .. } => self.job_ended(job, Outcome::Skipped, false),
            Event::JobTaken { job, outcome, .. } => self.job_ended(job, *outcome, false),
            Event::JobFinished {
                job,
                outcome,
                continues,
                ..
            } => self.job_ended(job, *outcome, *continues),
            Event::CacheStarted {
                job,
                act,
                key,
                bytes,
            } => {
                if let Some(running) = self.job(job) {
                    running.waits_for = None;
                    running.beside = Some(on_a_line(&cached::doing(*act, key, *bytes)));
                }
            }
            Event::CacheRestored { job, .. }
            | Event::CacheMissed { job, .. }
            | Event::CacheSaved { job, .. }
            | Event::CacheNotSaved { job, .. } => {
                if let Some(running) = self.job(job) {
                    running.waits_for = None;
                    running.beside = None;
                }
            }
            Event::StepStarted { at, name, .. } => {
                if let Some(running) = self.job(&at.job) {
                    running.waits_for = None;
                    running.step = Some(Step::new(at.step, name));
                }
            }
            Event::StepRetrying {
                at,
                wait_milliseconds,
                ..
            } => {
                if let Some(step) = self.step(at) {
                    *step = Step::new(step.number, &step.name);
                    step.again = now.checked_add(Duration::from_millis(*wait_milliseconds));
                }
            }
            Event::Progress {
                at,
                what,
                done,
                total,
            } => {
                if let Some(step) = self.step(at) {
                    step.progress.note(&on_a_line(what), *done, *total);
                }
            }
            Event::Line { at, .. } => {
                if let Some(step) = self.step(at) {
                    step.progress.line();
                }
            }
            Event::GroupOpened { at, title } => {
                if let Some(step) = self.step(at) {
                    step.groups.push(on_a_line(title));
                }
            }
            Event::GroupClosed { at } => {
                if let Some(step) = self.step(at) {
                    step.groups.pop();
                }
            }
            Event::StepFinished { at, .. } => {
                if let Some(running) = self.job(&at.job) {
                    running.step = None;
                }
            }
            Event::RunFinished { .. } => self.running.clear(),
            Event::Deployed { .. }
            | Event::StepSkipped { .. }
            | Event::StepTaken { .. }
            | Event::Compiling { .. }
            | Event::Annotation { .. }
            | Event::Denied { .. }
            | Event::Cancelling => {}
        }
    }

    fn job_started(&mut self, id: &str, now: Instant) {
        if self.job(id).is_none() {
            let id = on_a_line(id);
            let place = |id: &String| self.places.get(id).copied().unwrap_or(usize::MAX);
            let own = place(&id);
            let at = self.running.partition_point(|job| place(&job.id) <= own);
            let job = Job {
                id,
                began: now,
                waits_for: None,
                beside: None,
                step: None,
            };
            self.running.insert(at, job);
        }
    }

    fn job_ended(&mut self, id: &str, outcome: Outcome, continues: bool) {
        self.running.retain(|job| job.id != id);
        let counts = &mut self.counts;
        let count = match outcome {
            Outcome::Passed => &mut counts.passed,
            // The run goes on as if it had passed.
            _ if continues => &mut counts.passed,
            Outcome::Skipped => &mut counts.skipped,
            Outcome::Cancelled => &mut counts.cancelled,
            Outcome::Failed | Outcome::Infrastructure | Outcome::Denied => &mut counts.failed,
        };
        *count += 1;
    }

    fn job(&mut self, id: &str) -> Option<&mut Job> {
        self.running.iter_mut().find(|job| job.id == id)
    }

    fn step(&mut self, at: &StepRef) -> Option<&mut Step> {
        let step = self.job(&at.job)?.step.as_mut();
        step.filter(|step| step.number == at.step)
    }

    /// How many jobs have neither begun nor been settled.
    pub(super) fn waiting(&self) -> usize {
        let Counts {
            all,
            passed,
            failed,
            skipped,
            cancelled,
        } = self.counts;
        let settled = passed + failed + skipped + cancelled;
        all.saturating_sub(settled + self.running.len())
    }
}

impl Step {
    fn new(number: usize, name: &str) -> Self {
        Self {
            number,
            name: on_a_line(name),
            again: None,
            progress: Progress::default(),
            groups: Vec::new(),
        }
    }
}

/// Others' text as a part of a line: nothing in it is obeyed by a terminal.
fn on_a_line(text: &str) -> String {
    plain(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests;
