//! Whether the outputs that the steps to run refer to can be taken.

use capstep_pipeline::expr::{Reference, Target, Template};
use capstep_pipeline::{Job, Pipeline, Source, Step};
use serde_json::{Map, Value};

use super::error::ResumeError;
use super::part::{JobPart, Resume, StepPart};
use super::recorded::is_masked;

/// Checks every reference of what is run.
pub(super) fn check(
    source: &Source,
    pipeline: &Pipeline,
    resume: &Resume,
) -> Result<(), ResumeError> {
    for job in &pipeline.jobs {
        let id = &job.id.value;
        let Some(part) = resume.jobs.get(id).filter(|_| resume.runs_job(id)) else {
            continue;
        };
        let mut references: Vec<Reference> = Vec::new();
        references.extend(
            job.condition
                .iter()
                .flat_map(|condition| condition.references()),
        );
        for (index, step) in job.steps.iter().enumerate() {
            if resume.runs_step(id, index + 1) {
                references.extend(of_step(source, step));
            }
        }
        if !part.is_partial() {
            references.extend(job.outputs.iter().flat_map(|(_, text)| text.references()));
        }
        for reference in references {
            one(job, part, &reference, resume)?;
        }
    }
    Ok(())
}

fn of_step(source: &Source, step: &Step) -> Vec<Reference> {
    let mut found: Vec<Reference> = step
        .condition
        .iter()
        .flat_map(|condition| condition.references())
        .collect();
    let nodes = step
        .with
        .iter()
        .chain(step.allow.iter().map(|(_, node)| node));
    for node in nodes {
        node.for_each_text(&mut |text, span| {
            // A pipeline without errors has no template that can't be read.
            let template = Template::parse(text, span, source).ok();
            found.extend(template.iter().flat_map(Template::references));
        });
    }
    found
}

fn one(
    job: &Job,
    part: &JobPart,
    reference: &Reference,
    resume: &Resume,
) -> Result<(), ResumeError> {
    let (of, output, given) = match &reference.target {
        Target::StepOutput { step, output } => {
            let index = job.steps.iter().position(|other| {
                let id = other.id.as_ref();
                id.is_some_and(|id| id.value == *step)
            });
            let Some(index) = index else {
                return Ok(());
            };
            let given = match part.step(index + 1) {
                StepPart::Run => return Ok(()),
                StepPart::Taken { outputs, .. } => Some(outputs),
                StepPart::Left => None,
            };
            (format!("the step `{step}`"), output, given)
        }
        Target::JobOutput { job, output } => {
            let given = match resume.jobs.get(job) {
                Some(JobPart::Whole) => return Ok(()),
                Some(part @ JobPart::Steps(_)) if !part.is_partial() => return Ok(()),
                Some(JobPart::Taken { outputs, .. }) => Some(outputs.clone()),
                Some(JobPart::Steps(_) | JobPart::Left) | None => None,
            };
            (format!("the job `{job}`"), output, given)
        }
        _ => return Ok(()),
    };
    let span = reference.span;
    let output = output.clone();
    match given {
        None => Err(ResumeError::NoOutput { span, of, output }),
        Some(outputs) if masked(&outputs, &output) => {
            Err(ResumeError::SecretOutput { span, of, output })
        }
        Some(_) => Ok(()),
    }
}

fn masked(outputs: &Map<String, Value>, output: &str) -> bool {
    outputs.get(output).is_some_and(is_masked)
}
