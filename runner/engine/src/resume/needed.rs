//! Whether the outputs that the steps to run refer to can be taken.

use capstep_pipeline::expr::{Expr, Reference, Target, Template};
use capstep_pipeline::{Job, Pipeline};
use serde_json::{Map, Value};

use super::error::ResumeError;
use super::part::{JobPart, Resume, StepPart};
use super::recorded::is_masked;

/// Checks every reference of what is run.
pub(super) fn check(pipeline: &Pipeline, resume: &Resume) -> Result<(), ResumeError> {
    for job in &pipeline.jobs {
        let id = &job.id.value;
        let Some(part) = resume.jobs.get(id).filter(|_| resume.runs_job(id)) else {
            continue;
        };
        let mut references: Vec<Reference> = Vec::new();
        references.extend(job.condition.iter().flat_map(Expr::references));
        references.extend(job.concurrency.iter().flat_map(|it| it.group.references()));
        if let Some(environment) = &job.environment {
            references.extend(environment.name.references());
        }
        for (index, step) in job.steps.iter().enumerate() {
            if resume.runs_step(id, index + 1) {
                references.extend(step.references());
            }
        }
        if !part.is_partial() {
            references.extend(job.outputs.iter().flat_map(|(_, text)| text.references()));
        }
        if resume.completes(id) {
            let url = job.environment.iter().filter_map(|it| it.url.as_ref());
            references.extend(url.flat_map(Template::references));
        }
        for reference in references {
            one(job, part, &reference, resume)?;
        }
    }
    Ok(())
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
