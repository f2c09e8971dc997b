//! Which jobs a run has.

use std::collections::HashSet;

use capstep_pipeline::Pipeline;

use crate::error::RunError;

/// The jobs to run, in the order written: those named and what they need.
pub(crate) fn selected(pipeline: &Pipeline, only: &[String]) -> Result<Vec<usize>, RunError> {
    let index_of = |id: &str| pipeline.jobs.iter().position(|job| job.id.value == id);
    if only.is_empty() {
        return Ok((0..pipeline.jobs.len()).collect());
    }
    let mut wanted: HashSet<usize> = HashSet::new();
    let mut stack = Vec::new();
    for name in only {
        let before = stack.len();
        let jobs = pipeline.jobs.iter().enumerate();
        stack.extend(
            jobs.filter(|(_, job)| job.is_called(name))
                .map(|(index, _)| index),
        );
        if stack.len() == before {
            return Err(RunError::UnknownJob(name.clone()));
        }
    }
    while let Some(index) = stack.pop() {
        if wanted.insert(index)
            && let Some(job) = pipeline.jobs.get(index)
        {
            stack.extend(job.needs.iter().filter_map(|need| index_of(&need.value)));
        }
    }
    let mut wanted: Vec<usize> = wanted.into_iter().collect();
    wanted.sort_unstable();
    Ok(wanted)
}
