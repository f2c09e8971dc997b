//! How a job and the run ended.

use capstep_engine::Outcome;

use super::super::time::duration;
use super::{Ending, TextReport};
use crate::printer::Style;
use crate::show::short_digest;

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
        let all = self.failures.all();
        // Those with lines of their own stand apart.
        let mut apart = true;
        for failure in all {
            // Where jobs run side by side its lines are mixed with others', and far above.
            let lines = (failure.buried && self.jobs.is_some())
                .then_some(&failure.lines)
                .filter(|lines| !lines.is_empty());
            // A single one is named by the last line of all.
            let heading = match (all.len(), lines) {
                (1, None) => continue,
                (1, Some(_)) => format!("the last lines of {}", failure.name()),
                _ => format!("{}: {}", word(failure.outcome), failure.summary()),
            };
            if apart || lines.is_some() {
                text.push('\n');
            }
            apart = lines.is_some();
            let heading = self.look.paint(style(failure.outcome), heading);
            text.push_str(&format!("{heading}\n"));
            for line in lines.into_iter().flatten() {
                text.push_str(&format!("     {line}\n"));
            }
        }
        let journal = if journal_head == capstep_host::journal::GENESIS {
            "no effects: the journal is empty".to_owned()
        } else {
            format!("journal {}", short_digest(journal_head))
        };
        text.push_str(&format!("\n{}\n", self.look.paint(Style::Faint, journal)));
        let took = duration(milliseconds);
        let line = match (outcome, self.failures.gravest(outcome)) {
            (Outcome::Passed | Outcome::Skipped, _) => format!("passed in {took}"),
            (Outcome::Cancelled, _) => format!("cancelled after {took}"),
            (_, None) => format!("{} after {took}", word(outcome)),
            (_, Some(failure)) if all.len() == 1 => {
                format!("{}: {}", word(outcome), failure.summary())
            }
            // Each was said above, with its reason.
            (_, Some(failure)) => {
                let others = all.len().saturating_sub(1);
                let name = failure.name();
                format!("{} after {took}: {name} and {others} more", word(outcome))
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
