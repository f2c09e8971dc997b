//! What is not run, in the run itself: told as taken or left, and its outputs handed on.

use capstep_grants::plan::step_name;
use capstep_pipeline::expr::Evaluated;
use capstep_pipeline::{Job, Pipeline, Step};
use serde_json::{Map, Value};

use super::part::{JobPart, LEFT, Resume, StepPart};
use crate::context::Context;
use crate::event::{Event, Outcome, StepRef};
use crate::scope::{Left, RunScope};

impl Resume {
    /// The places of its jobs in the pipeline, in the order written.
    pub(crate) fn selected(&self, pipeline: &Pipeline) -> Vec<usize> {
        let is_part = |job: &Job| self.jobs.contains_key(&job.id.value);
        let jobs = pipeline.jobs.iter().enumerate();
        jobs.filter(|(_, job)| is_part(job))
            .map(|(index, _)| index)
            .collect()
    }
}

/// How a job that is not run ended, and what it gave. None: it is to run.
pub(crate) fn settled(context: &Context, job: &Job) -> Option<Left> {
    let id = &job.id.value;
    let resume = context.resume.as_ref()?;
    match resume.jobs.get(id)? {
        JobPart::Whole | JobPart::Steps(_) => None,
        JobPart::Taken { outcome, outputs } => {
            context.emitter.emit(Event::JobTaken {
                job: id.clone(),
                run: resume.run.clone().unwrap_or_default(),
                outcome: *outcome,
                outputs: Value::Object(outputs.clone()),
            });
            Some(left(*outcome, outputs))
        }
        JobPart::Left => {
            context.emitter.emit(Event::JobSkipped {
                job: id.clone(),
                reason: LEFT.to_owned(),
            });
            // Whoever asks for a job's steps alone wants them run, whatever else the job needs.
            Some(left(Outcome::Passed, &Map::new()))
        }
    }
}

/// Whether a step is not run; then its outputs are there as if it had been.
pub(crate) fn passes_over(
    context: &Context,
    at: &StepRef,
    step: &Step,
    scope: &mut RunScope,
) -> bool {
    let Some(resume) = &context.resume else {
        return false;
    };
    let Some(part) = resume.jobs.get(&at.job) else {
        return false;
    };
    match part.step(at.step) {
        StepPart::Run => return false,
        StepPart::Taken { outcome, outputs } => {
            context.emitter.emit(Event::StepTaken {
                at: at.clone(),
                name: step_name(step),
                run: resume.run.clone().unwrap_or_default(),
                outcome,
                outputs: Value::Object(outputs.clone()),
            });
            if let Some(id) = &step.id {
                scope
                    .steps
                    .insert(id.value.clone(), left(outcome, &outputs));
            }
        }
        StepPart::Left => context.emitter.emit(Event::StepSkipped {
            at: at.clone(),
            name: step_name(step),
            reason: LEFT.to_owned(),
        }),
    }
    true
}

/// Whether steps of the job are left out, so that its outputs can't be made.
pub(crate) fn is_partial(context: &Context, job: &str) -> bool {
    let resume = context.resume.as_ref();
    let part = resume.and_then(|resume| resume.jobs.get(job));
    part.is_some_and(JobPart::is_partial)
}

/// Whether the job is whole after what is run of it; see [`Resume::completes`].
pub(crate) fn completes(context: &Context, job: &str) -> bool {
    let resume = context.resume.as_ref();
    resume.is_none_or(|resume| resume.completes(job))
}

fn left(outcome: Outcome, outputs: &Map<String, Value>) -> Left {
    let outputs = outputs.iter();
    Left {
        outcome,
        outputs: outputs
            .map(|(name, value)| (name.clone(), Evaluated::Json(value.clone())))
            .collect(),
    }
}
