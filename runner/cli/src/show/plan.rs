//! The plan for people: per job and step what may be touched, and which line of the pipeline says so.

use capstep_grants::plan::{JobPlan, Plan, StepPlan};

use super::plan_row::{Row, of_job, rows};
use super::table::{pad, width_of};
use crate::error::count;
use crate::printer::{Look, Style};

/// The widest that lines are before the place; what is longer has its place right behind it.
const MAX_LINE: usize = 88;

/// The plan as text.
pub(crate) fn plan(plan: &Plan, look: Look) -> String {
    let steps = plan.jobs.iter().map(|job| job.steps.len()).sum();
    let mut text = format!(
        "{}  {}, {}\n",
        look.paint(Style::Strong, &plan.file),
        count(plan.jobs.len(), "job"),
        count(steps, "step")
    );
    let lines: Vec<JobLines<'_>> = plan
        .jobs
        .iter()
        .map(|job| JobLines {
            job,
            own: of_job(job),
            steps: job.steps.iter().map(|step| (step, rows(step))).collect(),
        })
        .collect();
    let all = || {
        lines.iter().flat_map(|lines| {
            let steps = lines.steps.iter().flat_map(|(_, rows)| rows);
            lines.own.iter().chain(steps)
        })
    };
    let verbs = all().map(|row| width_of(&row.verb)).max().unwrap_or(0);
    let line = |row: &Row| verbs + 2 + width_of(&row.thing);
    let places = all()
        .filter(|row| !row.place.is_empty())
        .map(line)
        .filter(|width| *width <= MAX_LINE)
        .max()
        .unwrap_or(0);
    let columns = Columns { verbs, places };
    for JobLines { job, own, steps } in &lines {
        text.push('\n');
        text.push_str(&job_line(job, look));
        for row in own {
            text.push_str(&row_line(row, columns, look));
        }
        for (step, rows) in steps {
            text.push_str(&step_line(step, look));
            if rows.is_empty() {
                let nothing = look.paint(Style::Faint, "touches nothing");
                text.push_str(&format!("     {nothing}\n"));
            }
            for row in rows {
                text.push_str(&row_line(row, columns, look));
            }
        }
    }
    text
}

/// A job and its lines.
struct JobLines<'a> {
    job: &'a JobPlan,
    /// Those of the job itself.
    own: Vec<Row>,
    steps: Vec<StepLines<'a>>,
}

/// A step and its lines.
type StepLines<'a> = (&'a StepPlan, Vec<Row>);

#[derive(Clone, Copy)]
struct Columns {
    verbs: usize,
    places: usize,
}

fn job_line(job: &JobPlan, look: Look) -> String {
    let id = look.paint(Style::Strong, &job.id);
    if job.needs.is_empty() {
        format!("{id}\n")
    } else {
        format!("{id}  after {}\n", job.needs.join(", "))
    }
}

fn step_line(step: &StepPlan, look: Look) -> String {
    let name = look.paint(Style::Strong, &step.name);
    let plugin = if step.plugin.split(' ').next() == Some(step.name.as_str()) {
        // The plugin's name once is enough; what is left is its version.
        step.plugin
            .get(step.name.len()..)
            .unwrap_or("")
            .trim_start()
            .to_owned()
    } else {
        step.plugin.clone()
    };
    let mut about = format!("{plugin}  {}", step.place);
    for place in step.included.iter().rev() {
        about.push_str(&format!(", included at {place}"));
    }
    format!(
        "{:>3}. {name}  {}\n",
        step.number,
        look.paint(Style::Faint, about)
    )
}

fn row_line(row: &Row, columns: Columns, look: Look) -> String {
    let verb = look
        .paint(row.style, pad(&row.verb, columns.verbs))
        .into_owned();
    if row.place.is_empty() {
        return format!("     {verb}  {}\n", row.thing);
    }
    let thing = pad(&row.thing, columns.places.saturating_sub(columns.verbs + 2));
    let place = look.paint(Style::Faint, &row.place);
    format!("     {verb}  {thing}  {place}\n")
}
