//! Whose a line is, and how far it stands from the margin.

use capstep_engine::StepRef;

use super::TextReport;
use crate::printer::Style;

impl TextReport {
    /// A line of a job.
    pub(super) fn of_job(&self, job: &str, text: &str) -> String {
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
    pub(super) fn of_job_header(&self, job: &str, text: &str) -> String {
        match self.jobs {
            None => format!("\n{}  {text}\n", self.look.paint(Style::Strong, job)),
            Some(_) => self.of_job(job, text),
        }
    }

    /// A line within a step, below the groups that are open.
    pub(super) fn of_step(&self, at: &StepRef, text: &str) -> String {
        let depth = self.groups.get(at).copied().unwrap_or(0);
        let margin = " ".repeat(5 + 2 * depth);
        self.of_job(&at.job, &format!("{margin}{text}"))
    }
}
