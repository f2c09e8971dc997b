//! Which lines let which step touch a thing.

use capstep_grants::plan::Plan;
use capstep_grants::why::{self, Certainty, Finding, Reached};
use capstep_grants::{Place, WorkspacePath};
use capstep_pipeline::did_you_mean;
use schemars::JsonSchema;
use serde::Serialize;

use super::plan_row::{JOB_ITSELF, Row, of_cached, of_flow, of_grant};
use super::table::{pad, width_of};
use crate::printer::{Look, Style};

/// The version of this shape.
const WHY_VERSION: u32 = 1;

/// Answers of `capstep why`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WhyAnswers {
    /// The version of this shape.
    pub(crate) version: u32,
    /// The pipeline's file.
    pub(crate) file: String,
    /// An answer for each thing that was asked for.
    pub(crate) answers: Vec<WhyAnswer>,
}

/// Which lines let which step touch a thing.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WhyAnswer {
    /// What was asked for.
    pub(crate) asked: String,
    /// The lines; none where no step may touch it.
    pub(crate) lines: Vec<WhyLine>,
    /// What may have been meant, where there is no line.
    pub(crate) did_you_mean: Option<String>,
}

/// A line of the pipeline that lets a step touch the thing.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WhyLine {
    /// The job's id.
    pub(crate) job: String,
    /// The step's number in its job, from 1; null where it is the job itself.
    pub(crate) step: Option<usize>,
    /// What the step is called.
    pub(crate) name: String,
    /// What it uses; null where it is the job itself.
    pub(crate) uses: Option<String>,
    /// The input, by its JSON Pointer.
    pub(crate) pointer: String,
    /// How it may touch it: `read`, `ssh: script, files`, `secret`.
    pub(crate) how: String,
    /// What the line designates; for a secret, which goes where.
    pub(crate) thing: String,
    /// How sure it is.
    pub(crate) certainty: Certainty,
    /// Where it is written.
    pub(crate) place: Place,
}

impl WhyAnswers {
    /// `local`: the path of the workspace that an absolute one is.
    pub(crate) fn new(
        plan: &Plan,
        asked: &[String],
        local: impl Fn(&str) -> Option<WorkspacePath>,
    ) -> Self {
        Self {
            version: WHY_VERSION,
            file: plan.file.clone(),
            answers: asked
                .iter()
                .map(|asked| answer(plan, asked, local(asked).as_ref()))
                .collect(),
        }
    }
}

fn answer(plan: &Plan, asked: &str, local: Option<&WorkspacePath>) -> WhyAnswer {
    let found = why::find(plan, asked, local);
    let near = if found.is_empty() {
        let known = why::known_names(plan);
        did_you_mean(asked, known.iter().map(String::as_str)).map(str::to_owned)
    } else {
        None
    };
    WhyAnswer {
        asked: asked.to_owned(),
        lines: found.iter().map(line).collect(),
        did_you_mean: near,
    }
}

fn line(found: &Finding<'_>) -> WhyLine {
    let (pointer, place, Row { verb, thing, .. }) = match found.reached {
        Reached::Grant(grant, step) => (&grant.pointer, &grant.place, of_grant(grant, step)),
        Reached::Secret(flow) => (&flow.pointer, &flow.place, of_flow(flow)),
        Reached::Cache(cache, cached) => (&cached.pointer, &cached.place, of_cached(cache, cached)),
    };
    WhyLine {
        job: found.job.to_owned(),
        step: found.step.map(|step| step.number),
        name: found
            .step
            .map_or_else(|| JOB_ITSELF.to_owned(), |step| step.name.clone()),
        uses: found.step.map(|step| step.uses.clone()),
        pointer: pointer.clone(),
        how: verb.trim_end_matches(':').to_owned(),
        thing,
        certainty: found.certainty,
        place: place.clone(),
    }
}

/// The lines below the step that they belong to.
pub(crate) fn why(answers: &WhyAnswers, look: Look) -> String {
    let mut text = String::new();
    for answer in answers
        .answers
        .iter()
        .filter(|answer| !answer.lines.is_empty())
    {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{}\n", look.paint(Style::Strong, &answer.asked)));
        let hows = answer.lines.iter().map(|line| width_of(&line.how)).max();
        let things = answer.lines.iter().map(|line| width_of(&line.thing)).max();
        let mut last = None;
        for line in &answer.lines {
            let step = (&line.job, line.step);
            if last != Some(step) {
                let name = match line.step {
                    Some(step) => format!("  {}/{step}  {}", line.job, line.name),
                    None => format!("  {}  {}", line.job, line.name),
                };
                text.push_str(&format!("{}\n", look.paint(Style::Name, name)));
                last = Some(step);
            }
            let how = pad(&line.how, hows.unwrap_or(0));
            let thing = pad(&line.thing, things.unwrap_or(0));
            let place = look.paint(Style::Faint, line.place.to_string());
            let note = match line.certainty {
                Certainty::Granted => "",
                Certainty::Below => "  (within it)",
                Certainty::Possible => "  (if the step's value comes to that)",
            };
            text.push_str(&format!("     {how}  {thing}  {place}{note}\n"));
        }
    }
    text
}
