//! What the jobs of a matrix have to do with each other while they run.

use std::collections::HashMap;

use capstep_pipeline::{Job, Variant};
use tokio_util::sync::CancellationToken;

/// All matrices of a run, by their jobs' keys.
#[derive(Default)]
pub(crate) struct Matrices {
    groups: HashMap<String, Group>,
}

#[derive(Default)]
struct Group {
    running: u32,
    /// One of its jobs failed, and the others are not to go on.
    failed: bool,
    /// Ends those of its jobs that run.
    tokens: Vec<CancellationToken>,
}

impl Matrices {
    /// Whether as many of the job's matrix run as may.
    pub(crate) fn is_full(&self, job: &Job) -> bool {
        let limit = job.matrix.as_ref().and_then(|variant| variant.max_parallel);
        let running = self.groups.get(&job.key).map_or(0, |group| group.running);
        limit.is_some_and(|limit| running >= limit)
    }

    /// Whether another job of its matrix failed, so that it is not to start.
    pub(crate) fn has_failed(&self, job: &Job) -> bool {
        job.matrix.is_some() && self.groups.get(&job.key).is_some_and(|group| group.failed)
    }

    /// Notes that a job starts; gives what ends it early.
    pub(crate) fn starts(&mut self, job: &Job, cancel: &CancellationToken) -> CancellationToken {
        // A token of its own: what ends this job ends no other one.
        let token = cancel.child_token();
        if job.matrix.is_none() {
            return token;
        }
        let group = self.groups.entry(job.key.clone()).or_default();
        group.running += 1;
        group.tokens.push(token.clone());
        token
    }

    /// Notes that a job ended. Where it failed the others of its matrix end too, unless they are to go on.
    pub(crate) fn ended(&mut self, job: &Job, failed: bool) {
        let fail_fast = |variant: &Variant| variant.fail_fast;
        let Some(group) = self.groups.get_mut(&job.key) else {
            return;
        };
        group.running = group.running.saturating_sub(1);
        if failed && job.matrix.as_ref().is_some_and(fail_fast) {
            group.failed = true;
            group.tokens.iter().for_each(CancellationToken::cancel);
        }
    }
}
