//! A run as text: a header for each job, a line for each step's start and end, its log in between; failures again at the
//! end; and at last one line that says it all.
//!
//! - `step`: what happens in a step; `job`: in a job outside its steps; `end`: how a job and the run ended; `rows`: whose
//!   a line is.

mod end;
mod job;
mod rows;
mod step;

use std::collections::HashMap;

use capstep_engine::{Event, Outcome, StepRef, TimedEvent};

use super::failures::Failures;
use super::time::{duration, of_day};
use super::{annotated, cached};
use crate::printer::{Look, Style};
use end::word;

/// The state of the telling: text comes out of each event, nothing is printed here.
pub(super) struct TextReport {
    look: Look,
    /// The width of the column that says whose a line is; none where only one job runs at a time.
    jobs: Option<usize>,
    verbose: bool,
    /// How many groups are open, by step.
    groups: HashMap<StepRef, usize>,
    /// The percentage last told, by step and what: each tenth is told once.
    progress: HashMap<(StepRef, String), u64>,
    failures: Failures,
}

/// How a step or a job ended.
struct Ending<'a> {
    outcome: Outcome,
    /// Whether its job, or the run, goes on as if it had passed.
    continues: bool,
    message: Option<&'a str>,
    milliseconds: u64,
}

impl TextReport {
    pub(super) fn new(look: Look, jobs: Option<usize>, verbose: bool) -> Self {
        Self {
            look,
            jobs,
            verbose,
            groups: HashMap::new(),
            progress: HashMap::new(),
            failures: Failures::default(),
        }
    }

    /// The text of one event; may be empty.
    pub(super) fn tell(&mut self, timed: &TimedEvent) -> String {
        match &timed.event {
            Event::RunStarted {
                run,
                pipeline,
                trusted,
                ..
            } => {
                let not = if *trusted { "" } else { ", untrusted" };
                let about = format!("run {run} of {pipeline}{not}");
                format!("{}\n", self.look.paint(Style::Faint, about))
            }
            Event::JobStarted { job } => match self.jobs {
                Some(_) => self.of_job(job, &self.look.paint(Style::Strong, "started")),
                None => format!("\n{}\n", self.look.paint(Style::Strong, job)),
            },
            Event::JobSkipped { job, reason } => {
                self.of_job_header(job, &format!("skipped: {reason}"))
            }
            Event::JobWaiting { job, group } => {
                let text = format!("waits: another job of the group `{group}` runs");
                self.of_job(job, &self.look.paint(Style::Faint, text))
            }
            Event::Deployed {
                job,
                environment,
                url,
            } => {
                let at = url.as_ref().map_or(String::new(), |url| format!(": {url}"));
                let text = format!("deployed to {environment}{at}");
                self.of_job(job, &self.look.paint(Style::Good, text))
            }
            Event::CacheStarted { .. } => String::new(),
            event @ (Event::CacheRestored { .. }
            | Event::CacheMissed { .. }
            | Event::CacheSaved { .. }
            | Event::CacheNotSaved { .. }) => {
                cached::told(event).map_or(String::new(), |told| self.cached(&told))
            }
            Event::StepStarted {
                at,
                name,
                uses,
                attempt,
                ..
            } => self.started(at, name, uses, *attempt, of_day(&timed.time)),
            Event::StepRetrying {
                at,
                message,
                wait_milliseconds,
                ..
            } => {
                let why = message.as_deref().unwrap_or("no reason was given");
                let wait = duration(*wait_milliseconds);
                let text = format!("failed: {why}; once more in {wait}");
                self.failures.line(at, &text);
                self.groups.remove(at);
                let lines = text.lines();
                lines
                    .map(|part| self.of_step(at, &self.look.paint(Style::Notice, part)))
                    .collect()
            }
            Event::StepSkipped { at, name, reason } => {
                let text = format!("{:>3}. {name}  skipped: {reason}", at.step);
                self.of_job(&at.job, &self.look.paint(Style::Faint, text))
            }
            Event::JobTaken {
                job, run, outcome, ..
            } => self.of_job_header(
                job,
                &format!("{}, taken from the run {run}", word(*outcome)),
            ),
            Event::StepTaken {
                at,
                name,
                run,
                outcome,
                ..
            } => {
                let outcome = word(*outcome);
                let text = format!(
                    "{:>3}. {name}  {outcome}, taken from the run {run}",
                    at.step
                );
                self.of_job(&at.job, &self.look.paint(Style::Faint, text))
            }
            Event::Compiling { plugin } => {
                let text = format!("compiling the plugin {plugin}: once on this machine");
                format!("{}\n", self.look.paint(Style::Faint, text))
            }
            Event::Line { at, level, text } => self.line(at, *level, text),
            Event::GroupOpened { at, title } => {
                let text = self.of_step(at, &self.look.paint(Style::Strong, title));
                *self.groups.entry(at.clone()).or_default() += 1;
                text
            }
            Event::GroupClosed { at } => {
                if let Some(open) = self.groups.get_mut(at) {
                    *open = open.saturating_sub(1);
                }
                String::new()
            }
            Event::Progress {
                at,
                what,
                done,
                total,
            } => self.progressed(at, what, *done, *total),
            Event::Annotation {
                at,
                level,
                message,
                file,
                line,
            } => self.line(at, *level, &annotated(file.as_deref(), *line, message)),
            Event::Denied { at, denial } => self.denied(at, denial),
            Event::StepFinished {
                at,
                place,
                outcome,
                continues,
                message,
                details,
                outputs,
                milliseconds,
                ..
            } => {
                let ending = Ending {
                    outcome: *outcome,
                    continues: *continues,
                    message: message.as_deref(),
                    milliseconds: *milliseconds,
                };
                self.finished(at, place, &ending, details, outputs)
            }
            Event::JobFinished {
                job,
                outcome,
                continues,
                message,
                milliseconds,
                ..
            } => {
                let ending = Ending {
                    outcome: *outcome,
                    continues: *continues,
                    message: message.as_deref(),
                    milliseconds: *milliseconds,
                };
                self.job_finished(job, &ending)
            }
            Event::Cancelling => {
                let text = "cancelling: steps may tidy up; once more to end at once";
                format!("{}\n", self.look.paint(Style::Notice, text))
            }
            Event::RunFinished {
                outcome,
                milliseconds,
                journal_head,
                ..
            } => self.run_finished(*outcome, *milliseconds, journal_head),
        }
    }
}

#[cfg(test)]
mod tests;
