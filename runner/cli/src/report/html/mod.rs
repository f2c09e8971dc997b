//! A run as one page that needs nothing else: no script, no request. What it shows is a function of the plan, the events
//! and the journal.
//!
//! - `head`: what stands before the body; `summary`: how the run ended, and what went wrong; `timeline`: when what ran;
//! - `step`: a step with its log and outputs; `authority`: what it was granted, and what of that it used.

mod authority;
mod head;
mod step;
mod summary;
#[cfg(test)]
mod tests;
mod timeline;

use capstep_engine::{Outcome, StepRef};
use capstep_grants::Place;
use capstep_grants::plan::{Plan, StepPlan};

pub(super) use head::GENERATOR;

use super::markup::Markup;
use super::recording::{JobRecord, Recording, StepRecord, word};
use super::time::duration;
use super::usage::{StepUsage, Usage};

/// The page.
pub(super) fn html(plan: &Plan, recording: &Recording, usage: &Usage) -> String {
    let view = View {
        plan,
        recording,
        usage,
    };
    let mut page = Markup::default();
    head::write(&mut page, recording);
    page.raw("<body>\n<a class=\"skip\" href=\"#jobs\">Skip to the jobs</a>\n");
    summary::write(&mut page, view);
    page.raw("<main>\n");
    summary::wrong(&mut page, view);
    timeline::write(&mut page, view);
    page.raw("<section aria-labelledby=\"jobs\">\n<h2 id=\"jobs\">Jobs</h2>\n");
    for (place, job) in recording.jobs.iter().enumerate() {
        step::job(&mut page, view, place, job);
    }
    page.raw("</section>\n");
    authority::unused(&mut page, view);
    page.raw("</main>\n");
    summary::foot(&mut page, view);
    page.raw("</body>\n</html>\n");
    page.finish()
}

/// What the page is made of.
#[derive(Clone, Copy)]
struct View<'a> {
    plan: &'a Plan,
    recording: &'a Recording,
    usage: &'a Usage,
}

/// A step from all its sides.
#[derive(Clone, Copy)]
struct StepView<'a> {
    job: &'a JobRecord,
    step: &'a StepRecord,
    /// The job's place in the run, from 0: anchors are made of numbers alone.
    place: usize,
    plan: Option<&'a StepPlan>,
    usage: Option<&'a StepUsage>,
}

impl<'a> View<'a> {
    fn step(self, place: usize, job: &'a JobRecord, step: &'a StepRecord) -> StepView<'a> {
        let planned = self.plan.jobs.iter().find(|planned| planned.id == job.id);
        let mut steps = planned.into_iter().flat_map(|planned| &planned.steps);
        StepView {
            job,
            step,
            place,
            plan: steps.find(|planned| planned.number == step.number),
            usage: self.usage.of(&StepRef {
                job: job.id.clone(),
                step: step.number,
            }),
        }
    }

    fn steps(self) -> impl Iterator<Item = StepView<'a>> {
        let jobs = self.recording.jobs.iter().enumerate();
        jobs.flat_map(move |(place, job)| {
            let steps = job.steps.iter();
            steps.map(move |step| self.step(place, job, step))
        })
    }
}

impl StepView<'_> {
    fn anchor(self) -> String {
        format!("j{}s{}", self.place, self.step.number)
    }

    /// Where the pipeline has it.
    fn place(&self) -> Option<&Place> {
        let told = self.step.place.as_ref();
        told.or(self.plan.map(|plan| &plan.place))
    }

    fn link(self, page: &mut Markup) {
        page.raw("<a")
            .attribute("href", format!("#{}", self.anchor()));
        page.raw(">").text(&self.job.id).raw("/");
        page.number(self.step.number as u64).raw(" (");
        page.text(&self.step.name).raw(")</a>");
    }
}

/// How something ended, told by a sign and a word as well as by a colour. `continues`: it failed, and may.
fn outcome(page: &mut Markup, outcome: Option<Outcome>, continues: bool) {
    let word = word(outcome);
    let class = class(outcome, continues);
    page.raw("<span")
        .attribute("class", format!("outcome {class}"));
    page.raw("><span aria-hidden=\"true\">");
    page.raw(match outcome {
        Some(Outcome::Passed) => "✓",
        Some(Outcome::Skipped) => "–",
        Some(Outcome::Failed | Outcome::Infrastructure) => "✗",
        Some(Outcome::Denied) => "⊘",
        Some(Outcome::Cancelled) | None => "■",
    });
    page.raw("</span> ").raw(match outcome {
        // As people are told elsewhere.
        Some(Outcome::Infrastructure) => "failed (infrastructure)",
        _ => word,
    });
    if continues {
        page.raw(" (continue-on-error)");
    }
    page.raw("</span>");
}

/// The class of the colour that says how something ended.
fn class(outcome: Option<Outcome>, continues: bool) -> &'static str {
    if continues { "notice" } else { word(outcome) }
}

/// A cell of a table, with the name of its column for narrow screens.
fn cell(page: &mut Markup, column: &'static str) {
    page.raw("<td").attribute("data-label", column).raw(">");
}

/// The start of a table with these columns, up to its first row.
fn table(page: &mut Markup, columns: &[&'static str]) {
    page.raw("<table>\n<thead><tr>");
    for column in columns {
        page.raw("<th scope=\"col\">").raw(column).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
}

fn end_table(page: &mut Markup) {
    page.raw("</tbody>\n</table>\n");
}

/// `1 time`, `3 times`.
fn times(number: u64) -> String {
    match number {
        1 => "1 time".to_owned(),
        _ => format!("{number} times"),
    }
}

fn took(page: &mut Markup, milliseconds: u64) {
    page.text(duration(milliseconds));
}
