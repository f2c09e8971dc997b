//! What happens in a step: its start, its lines, its end.

use capstep_engine::{Level, Outcome, StepRef};
use capstep_grants::Place;
use capstep_grants::check::Denial;
use capstep_pipeline::SCRIPT;
use serde_json::Value;

use super::super::time::duration;
use super::end::{style, word};
use super::{Ending, TextReport};
use crate::printer::Style;

impl TextReport {
    pub(super) fn started(
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

    pub(super) fn line(&mut self, at: &StepRef, level: Level, text: &str) -> String {
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

    pub(super) fn progressed(
        &mut self,
        at: &StepRef,
        what: &str,
        done: u64,
        total: Option<u64>,
    ) -> String {
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

    pub(super) fn denied(&mut self, at: &StepRef, denial: &Denial) -> String {
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

    pub(super) fn finished(
        &mut self,
        at: &StepRef,
        place: &Place,
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
            self.failures.finished(at, place, outcome, message);
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
        // What was denied was said just above, with the line that would allow it.
        let denials = details.get("denials").and_then(Value::as_array);
        let line = match (message, denials) {
            (_, Some(denials)) if outcome == Outcome::Denied && denials.len() > 1 => {
                format!("denied after {took}: {} times", denials.len())
            }
            (_, Some(_)) if outcome == Outcome::Denied => format!("denied after {took}"),
            (None, _) => format!("{} in {took}", word(outcome)),
            (Some(message), _) => format!("{} after {took}: {message}", word(outcome)),
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
            for (place, part) in help.lines().enumerate() {
                let label = if place == 0 { label.as_ref() } else { "     " };
                text.push_str(&self.of_step(at, &format!("{label} {part}")));
            }
        }
        text
    }
}
