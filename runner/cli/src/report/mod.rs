//! A run, told: while it happens, and in files when it has ended.
//!
//! - `text`: told in lines; `failures`: kept for its end; `time`: durations; `cached`: what jobs kept between runs;
//! - `live`: below those lines, on a terminal, what runs now;
//! - `files`: where reports are written; `recording`: the run's events folded; `usage`: its journal counted;
//! - `junit`, `html`: functions of these and the plan; `markup`: how both escape.

mod cached;
mod failures;
mod files;
mod html;
mod junit;
mod live;
mod markup;
mod recording;
#[cfg(test)]
mod testing;
mod text;
pub(crate) mod time;
mod usage;

use capstep_engine::{Event, TimedEvent};
use capstep_grants::plan::Plan;

use crate::printer::Printer;
pub(crate) use files::{ReportArguments, ReportFiles, UNFINISHED_REPORT};
use live::Live;
pub(crate) use live::can_be_shown;
use text::TextReport;

/// An annotation's line: where it points to, and what it says.
fn annotated(file: Option<&str>, line: Option<u32>, message: &str) -> String {
    match (file, line) {
        (Some(file), Some(line)) => format!("{file}:{line}: {message}"),
        (Some(file), None) => format!("{file}: {message}"),
        _ => message.to_owned(),
    }
}

/// Tells a run's events.
pub(crate) struct Report {
    printer: Printer,
    text: Option<TextReport>,
    live: Option<Live>,
}

impl Report {
    /// Events, one JSON object a line, to standard output.
    pub(crate) fn json(printer: Printer) -> Self {
        Self {
            printer,
            text: None,
            live: None,
        }
    }

    /// Text for people, to standard error. `at_once`: jobs may run side by side, so that each line says whose it is.
    pub(crate) fn text(printer: Printer, jobs: &[&str], at_once: bool, verbose: bool) -> Self {
        let width = jobs.iter().map(|id| id.chars().count()).max().unwrap_or(0);
        let width = at_once.then_some(width);
        Self {
            printer,
            text: Some(TextReport::new(printer.people, width, verbose)),
            live: None,
        }
    }

    /// With the live view below the text.
    pub(crate) fn with_live(mut self) -> Self {
        self.live = Live::start(self.printer);
        self
    }

    /// Tells one event.
    pub(crate) fn tell(&mut self, event: &TimedEvent) {
        match (&mut self.text, &mut self.live) {
            (Some(text), None) => self.printer.people(&text.tell(event)),
            (Some(text), Some(live)) => {
                // The area shows it better than a line for each tenth.
                let lines = match &event.event {
                    Event::Progress { .. } => String::new(),
                    _ => text.tell(event),
                };
                live.tell(&event.event, &lines);
                if matches!(event.event, Event::RunFinished { .. }) {
                    live.end();
                }
            }
            (None, _) => {
                if let Ok(mut line) = serde_json::to_string(event) {
                    line.push('\n');
                    // A deploy is not stopped half way because nobody can read of it; its journal has it all.
                    let _ = self.printer.data(&line);
                }
            }
        }
    }
}

/// Whether two of these jobs may run at once: neither waits for the other.
pub(crate) fn may_overlap(plan: &Plan, jobs: &[&str]) -> bool {
    let needs = |id: &str| {
        let job = plan.jobs.iter().find(|job| job.id == id);
        job.map(|job| job.needs.as_slice()).unwrap_or_default()
    };
    let waits_for = |later: &str, earlier: &str| {
        let mut open: Vec<&str> = vec![later];
        let mut seen: Vec<&str> = Vec::new();
        while let Some(id) = open.pop() {
            for need in needs(id) {
                if need == earlier {
                    return true;
                }
                if !seen.contains(&need.as_str()) {
                    seen.push(need);
                    open.push(need);
                }
            }
        }
        false
    };
    jobs.iter().enumerate().any(|(place, left)| {
        let mut others = jobs.iter().skip(place + 1);
        others.any(|right| !waits_for(left, right) && !waits_for(right, left))
    })
}

#[cfg(test)]
mod tests {
    use capstep_grants::plan::JobPlan;

    use super::*;

    #[test]
    fn jobs_overlap_unless_one_waits() {
        let job = |id: &str, needs: &[&str]| JobPlan {
            environment: None,
            caches: Vec::new(),
            id: id.to_owned(),
            key: id.to_owned(),
            matrix: None,
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
            steps: Vec::new(),
        };
        let plan = Plan {
            version: 1,
            file: "capstep.yml".to_owned(),
            jobs: vec![
                job("a", &[]),
                job("b", &["a"]),
                job("c", &["b"]),
                job("d", &["a"]),
            ],
        };
        let check =
            |jobs: &[&str], expected| assert_eq!(may_overlap(&plan, jobs), expected, "{jobs:?}");
        check(&["a", "b", "c"], false);
        check(&["a", "b", "c", "d"], true);
        check(&["c", "d"], true);
        check(&["a"], false);
        check(&[], false);
    }
}
