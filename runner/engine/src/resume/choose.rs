//! From what was asked for to what is done with each job and step.

use std::collections::{BTreeMap, BTreeSet};

use capstep_pipeline::{Job, Pipeline};

use super::error::ResumeError;
use super::needed;
use super::part::{JobPart, Resume, StepPart};
use super::recorded::Recorded;
use crate::event::{Outcome, StepRef};

/// What of a pipeline is run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// This step, the ones behind it in its job, and all jobs that need that job.
    From(StepRef),
    /// These steps alone.
    Only(Vec<StepRef>),
    /// What did not pass in the earlier run, and what was not come to.
    Failed,
}

/// What a run of that part does with each job and step. `past`: an earlier run of the very same pipeline.
///
/// # Errors
/// What is not run again can't be taken from the earlier run.
pub fn choose(
    pipeline: &Pipeline,
    again: &Again,
    past: Option<&Recorded>,
) -> Result<Resume, ResumeError> {
    let nothing = Recorded::default();
    let recorded = past.unwrap_or(&nothing);
    let jobs = match again {
        Again::From(at) => from(pipeline, at, recorded)?,
        Again::Only(steps) => only(pipeline, steps, recorded),
        Again::Failed => failed(pipeline, recorded)?,
    };
    let resume = Resume {
        run: past.map(|past| past.run.clone()),
        only: matches!(again, Again::Only(_)),
        jobs,
    };
    needed::check(pipeline, &resume)?;
    Ok(resume)
}

type Parts = BTreeMap<String, JobPart>;

fn job<'a>(pipeline: &'a Pipeline, id: &str) -> Option<&'a Job> {
    pipeline.jobs.iter().find(|job| job.id.value == id)
}

fn from(pipeline: &Pipeline, at: &StepRef, recorded: &Recorded) -> Result<Parts, ResumeError> {
    let mut parts = Parts::new();
    let Some(first) = job(pipeline, &at.job) else {
        return Ok(parts);
    };
    parts.insert(at.job.clone(), from_step(first, at.step, recorded)?);
    // A job that needs one of these is run as well; as many rounds as there are jobs reach all of them.
    for _ in &pipeline.jobs {
        for job in &pipeline.jobs {
            let needs = job.needs.iter().any(|need| parts.contains_key(&need.value));
            if needs && !parts.contains_key(&job.id.value) {
                parts.insert(job.id.value.clone(), JobPart::Whole);
            }
        }
    }
    take_needs(pipeline, &mut parts, |id| {
        taken_job(id, recorded).map_or_else(|| not_passed(id, recorded), Ok)
    })?;
    Ok(parts)
}

/// A job that has to be taken, and can't be.
fn not_passed(id: &str, recorded: &Recorded) -> Result<JobPart, ResumeError> {
    Err(ResumeError::JobNotPassed {
        job: id.to_owned(),
        run: recorded.run.clone(),
        outcome: recorded.jobs.get(id).map(|ended| ended.outcome),
    })
}

/// A job from one of its steps on; those before it are taken.
fn from_step(job: &Job, first: usize, recorded: &Recorded) -> Result<JobPart, ResumeError> {
    let mut steps = BTreeMap::new();
    for number in 1..=job.steps.len() {
        let part = if number >= first {
            StepPart::Run
        } else {
            let id = &job.id.value;
            taken_step(id, number, recorded).ok_or_else(|| ResumeError::StepNotPassed {
                at: StepRef {
                    job: id.clone(),
                    step: number,
                },
                run: recorded.run.clone(),
                outcome: recorded.step(id, number).map(|ended| ended.outcome),
            })?
        };
        steps.insert(number, part);
    }
    Ok(JobPart::Steps(steps))
}

fn only(pipeline: &Pipeline, wanted: &[StepRef], recorded: &Recorded) -> Parts {
    let mut parts = Parts::new();
    for job in &pipeline.jobs {
        let id = &job.id.value;
        let numbers: BTreeSet<usize> = wanted
            .iter()
            .filter(|at| at.job == *id)
            .map(|at| at.step)
            .collect();
        if numbers.is_empty() {
            continue;
        }
        let part = |number: usize| {
            let part = if numbers.contains(&number) {
                StepPart::Run
            } else {
                taken_step(id, number, recorded).unwrap_or(StepPart::Left)
            };
            (number, part)
        };
        let steps = (1..=job.steps.len()).map(part).collect();
        parts.insert(id.clone(), JobPart::Steps(steps));
    }
    let left = |id: &str| -> Result<JobPart, std::convert::Infallible> {
        Ok(taken_job(id, recorded).unwrap_or(JobPart::Left))
    };
    match take_needs(pipeline, &mut parts, left) {
        Ok(()) => parts,
        Err(never) => match never {},
    }
}

fn failed(pipeline: &Pipeline, recorded: &Recorded) -> Result<Parts, ResumeError> {
    let mut parts = Parts::new();
    let mut something = false;
    for job in &pipeline.jobs {
        let id = &job.id.value;
        if !recorded.selected.contains(id) {
            continue;
        }
        let outcome = recorded.jobs.get(id).map(|ended| ended.outcome);
        let part = match outcome {
            Some(Outcome::Passed) => taken_job(id, recorded),
            _ => None,
        };
        let part = match part {
            Some(part) => part,
            None => {
                // A job that was skipped is decided about anew; alone it is nothing to run again for.
                something |= outcome != Some(Outcome::Skipped);
                let passed = |number: usize| taken_step(id, number, recorded).is_some();
                match (1..=job.steps.len()).find(|number| !passed(*number)) {
                    None => JobPart::Whole,
                    Some(first) => from_step(job, first, recorded)?,
                }
            }
        };
        parts.insert(id.clone(), part);
    }
    if !something {
        return Err(ResumeError::NothingFailed {
            run: recorded.run.clone(),
        });
    }
    take_needs(pipeline, &mut parts, |id| not_passed(id, recorded))?;
    Ok(parts)
}

/// Adds the jobs that others need and that are not run.
fn take_needs<E>(
    pipeline: &Pipeline,
    parts: &mut Parts,
    take: impl Fn(&str) -> Result<JobPart, E>,
) -> Result<(), E> {
    let ids: Vec<String> = parts.keys().cloned().collect();
    for id in ids {
        let needs = job(pipeline, &id).map(|job| job.needs.as_slice());
        for need in needs.unwrap_or_default() {
            if !parts.contains_key(&need.value) {
                parts.insert(need.value.clone(), take(&need.value)?);
            }
        }
    }
    Ok(())
}

fn taken_job(id: &str, recorded: &Recorded) -> Option<JobPart> {
    let ended = recorded.jobs.get(id)?;
    match ended.outcome {
        Outcome::Passed | Outcome::Skipped => Some(JobPart::Taken {
            outcome: ended.outcome,
            outputs: ended.outputs.clone(),
        }),
        _ => None,
    }
}

fn taken_step(job: &str, number: usize, recorded: &Recorded) -> Option<StepPart> {
    let ended = recorded.step(job, number)?;
    match ended.outcome {
        Outcome::Passed | Outcome::Skipped => Some(StepPart::Taken {
            outcome: ended.outcome,
            outputs: ended.outputs.clone(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
