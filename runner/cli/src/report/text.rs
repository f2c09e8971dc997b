//! A run as text: a header for each job, a line for each step's start and end, its log in between; failures again at the
//! end; and at last one line that says it all.

use std::collections::HashMap;

use capstep_engine::{Event, Level, Outcome, StepRef, TimedEvent};
use capstep_grants::check::Denial;
use capstep_pipeline::SCRIPT;
use serde_json::Value;

use super::failures::Failures;
use super::time::{duration, of_day};
use super::{annotated, cached};
use crate::printer::{Look, Style};

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
            Event::RunStarted { run, pipeline, .. } => {
                let about = format!("run {run} of {pipeline}");
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
                self.finished(at, &ending, details, outputs)
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

    fn cached(&self, told: &cached::Told<'_>) -> String {
        let (label, faint) = match told.level {
            Level::Debug if !self.verbose => return String::new(),
            Level::Debug | Level::Info => ("".into(), true),
            Level::Warn => (self.look.paint(Style::Notice, "warning: "), false),
            Level::Error => (self.look.paint(Style::Bad, "error: "), false),
        };
        let mut lines = String::new();
        for (place, part) in told.text.lines().enumerate() {
            let part = match faint {
                true => self.look.paint(Style::Faint, part),
                false => part.into(),
            };
            let label = if place == 0 { label.as_ref() } else { "" };
            lines.push_str(&self.of_job(told.job, &format!("     {label}{part}")));
        }
        lines
    }

    fn started(
        &mut self,
        at: &StepRef,
        name: &str,
        uses: &str,
        attempt: u32,
        time: &str,
    ) -> String {
        self.failures.started(at, name);
        let mut about = String::new();
        // A script is called by its own text; there is no plugin to name.
        if name != uses && uses != SCRIPT {
            about.push_str(&format!("{uses}  "));
        }
        if attempt > 1 {
            about.push_str(&format!("attempt {attempt}  "));
        }
        about.push_str(time);
        let name = self.look.paint(Style::Strong, name);
        let about = self.look.paint(Style::Faint, about);
        self.of_job(&at.job, &format!("{:>3}. {name}  {about}", at.step))
    }

    fn line(&mut self, at: &StepRef, level: Level, text: &str) -> String {
        if level == Level::Debug && !self.verbose {
            return String::new();
        }
        self.failures.line(at, text);
        let label = match level {
            Level::Debug | Level::Info => "".into(),
            Level::Warn => self.look.paint(Style::Notice, "warning: "),
            Level::Error => self.look.paint(Style::Bad, "error: "),
        };
        let faint = level == Level::Debug;
        // What a plugin calls a line may have line ends in it: each part is a line of that step.
        let mut lines = String::new();
        for (place, part) in text.lines().enumerate() {
            let part = if faint {
                self.look.paint(Style::Faint, part)
            } else {
                part.into()
            };
            let label = if place == 0 { label.as_ref() } else { "" };
            lines.push_str(&self.of_step(at, &format!("{label}{part}")));
        }
        lines
    }

    fn progressed(&mut self, at: &StepRef, what: &str, done: u64, total: Option<u64>) -> String {
        let Some(total) = total.filter(|total| *total > 0) else {
            return String::new();
        };
        let tenth = done.saturating_mul(10) / total;
        let key = (at.clone(), what.to_owned());
        let told = self.progress.insert(key, tenth);
        // Small things begin and end at once: only what is seen on its way is worth a line.
        if tenth == 0 || told.is_none() || told == Some(tenth) {
            return String::new();
        }
        let text = format!("{what}: {} %", tenth.saturating_mul(10));
        self.of_step(at, &self.look.paint(Style::Faint, text))
    }

    fn denied(&mut self, at: &StepRef, denial: &Denial) -> String {
        let mut lines = vec![format!(
            "denied ({}): {}",
            denial.rule.word(),
            denial.message
        )];
        if let Some(place) = &denial.place {
            lines.push(format!("  `{}` was handed over at {place}", denial.pointer));
        }
        if let Some(hint) = &denial.hint {
            lines.push(format!("  to allow it: {hint}"));
        }
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            let style = (number == 0).then_some(Style::Bad);
            // Names that a plugin asks for may have line ends in them.
            for part in line.lines() {
                self.failures.line(at, part);
                let shown = style.map_or(part.into(), |style| self.look.paint(style, part));
                text.push_str(&self.of_step(at, &shown));
            }
        }
        text
    }

    fn finished(
        &mut self,
        at: &StepRef,
        ending: &Ending<'_>,
        details: &Value,
        outputs: &Value,
    ) -> String {
        let Ending {
            outcome,
            continues,
            message,
            milliseconds,
        } = *ending;
        if continues {
            self.failures.passed(at);
        } else {
            self.failures.finished(at, outcome, message);
        }
        self.groups.remove(at);
        let mut text = String::new();
        if self.verbose {
            for (name, value) in outputs.as_object().into_iter().flatten() {
                let line = format!("output {name}: {value}");
                text.push_str(&self.of_step(at, &self.look.paint(Style::Faint, line)));
            }
        }
        let took = duration(milliseconds);
        let line = match message {
            None => format!("{} in {took}", word(outcome)),
            Some(message) => format!("{} after {took}: {message}", word(outcome)),
        };
        let (style, line) = if continues {
            (Style::Notice, format!("{line} (the job goes on)"))
        } else {
            (style(outcome), line)
        };
        // The reason is the plugin's: none of its lines may stand where only the report's own do.
        for part in line.lines() {
            text.push_str(&self.of_step(at, &self.look.paint(style, part)));
        }
        if let Some(help) = details.get("help").and_then(Value::as_str) {
            let label = self.look.paint(Style::Name, "hint:");
            for part in format!("{label} {help}").lines() {
                text.push_str(&self.of_step(at, part));
            }
        }
        text
    }

    fn job_finished(&mut self, job: &str, ending: &Ending<'_>) -> String {
        let Ending {
            outcome,
            continues,
            message,
            milliseconds,
        } = *ending;
        if continues {
            self.failures.job_passed(job);
        } else if let Some(message) = message.filter(|_| outcome != Outcome::Cancelled) {
            self.failures.job_finished(job, outcome, message);
        }
        let took = duration(milliseconds);
        let (style, more) = if continues {
            (Style::Notice, " (the run goes on)")
        } else {
            (style(outcome), "")
        };
        let text = match (message, self.jobs) {
            (Some(message), _) => format!("{} after {took}: {message}{more}", word(outcome)),
            (None, Some(_)) => format!("{} in {took}{more}", word(outcome)),
            (None, None) if continues => format!("{} in {took}{more}", word(outcome)),
            // Where one job runs after the other, its steps have said it.
            (None, None) => return String::new(),
        };
        let lines = text.lines();
        lines
            .map(|part| self.of_job(job, &self.look.paint(style, part)))
            .collect()
    }

    fn run_finished(&self, outcome: Outcome, milliseconds: u64, journal_head: &str) -> String {
        let mut text = String::new();
        for failure in self.failures.all().iter().filter(|failure| failure.buried) {
            let heading = format!("{}: {}", word(failure.outcome), failure.summary());
            text.push_str(&format!(
                "\n{}\n",
                self.look.paint(style(failure.outcome), heading)
            ));
            for line in &failure.lines {
                text.push_str(&format!("     {line}\n"));
            }
        }
        let journal = if journal_head == capstep_host::journal::GENESIS {
            "no effects: the journal is empty".to_owned()
        } else {
            format!("journal {journal_head}")
        };
        text.push_str(&format!("\n{}\n", self.look.paint(Style::Faint, journal)));
        let took = duration(milliseconds);
        let line = match (outcome, self.failures.gravest(outcome)) {
            (Outcome::Passed | Outcome::Skipped, _) => format!("passed in {took}"),
            (Outcome::Cancelled, _) => format!("cancelled after {took}"),
            (_, None) => format!("{} after {took}", word(outcome)),
            (_, Some(failure)) => {
                let others = self.failures.all().len().saturating_sub(1);
                let others = if others == 0 {
                    String::new()
                } else {
                    format!(" (and {others} more)")
                };
                format!("{}: {}{others}", word(outcome), failure.summary())
            }
        };
        text.push_str(&format!("{}\n", self.look.paint(style(outcome), line)));
        text
    }

    /// A line of a job.
    fn of_job(&self, job: &str, text: &str) -> String {
        match self.jobs {
            None => format!("{text}\n"),
            Some(width) => {
                let missing = width.saturating_sub(job.chars().count());
                let job = self.look.paint(Style::Name, job);
                format!("{job}{} | {text}\n", " ".repeat(missing))
            }
        }
    }

    /// A line that stands for a whole job.
    fn of_job_header(&self, job: &str, text: &str) -> String {
        match self.jobs {
            None => format!("\n{}  {text}\n", self.look.paint(Style::Strong, job)),
            Some(_) => self.of_job(job, text),
        }
    }

    /// A line within a step, below the groups that are open.
    fn of_step(&self, at: &StepRef, text: &str) -> String {
        let depth = self.groups.get(at).copied().unwrap_or(0);
        let margin = " ".repeat(5 + 2 * depth);
        self.of_job(&at.job, &format!("{margin}{text}"))
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Skipped => "skipped",
        Outcome::Failed | Outcome::Infrastructure => "failed",
        Outcome::Denied => "denied",
        Outcome::Cancelled => "cancelled",
    }
}

fn style(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Passed => Style::Good,
        Outcome::Skipped => Style::Faint,
        Outcome::Cancelled => Style::Notice,
        Outcome::Failed | Outcome::Infrastructure | Outcome::Denied => Style::Bad,
    }
}

#[cfg(test)]
mod tests;
