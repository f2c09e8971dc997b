//! How a job and the run ended.

use capstep_engine::Outcome;

use super::super::time::duration;
use super::{Ending, TextReport};
use crate::printer::Style;

impl TextReport {
    pub(super) fn job_finished(&mut self, job: &str, ending: &Ending<'_>) -> String {
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

    pub(super) fn run_finished(
        &self,
        outcome: Outcome,
        milliseconds: u64,
        journal_head: &str,
    ) -> String {
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
}

pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Skipped => "skipped",
        Outcome::Failed | Outcome::Infrastructure => "failed",
        Outcome::Denied => "denied",
        Outcome::Cancelled => "cancelled",
    }
}

pub(super) fn style(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Passed => Style::Good,
        Outcome::Skipped => Style::Faint,
        Outcome::Cancelled => Style::Notice,
        Outcome::Failed | Outcome::Infrastructure | Outcome::Denied => Style::Bad,
    }
}
