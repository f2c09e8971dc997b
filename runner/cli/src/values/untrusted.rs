//! What an untrusted run may not come to: secrets, and environments of deployment.

use std::collections::BTreeSet;
use std::sync::Arc;

use capstep_engine::Untrusted;
use capstep_grants::plan::Variables;
use capstep_pipeline::{Diagnostic, Job, Pipeline, Source};

use super::secrets::used;
use crate::codes;
use crate::error::CliError;

/// Refuses jobs that may run and need a secret, or deploy somewhere.
pub(crate) fn check(
    source: &Source,
    pipeline: &Pipeline,
    jobs: &[&Job],
    variables: &Variables,
) -> Result<(), CliError> {
    let untrusted = Untrusted::of(pipeline, variables);
    let mut mistakes = Vec::new();
    let mut named = BTreeSet::new();
    for job in jobs.iter().filter(|job| untrusted.may_run(job)) {
        if let Some(environment) = &job.environment {
            let message = format!(
                "the job `{}` deploys to an environment, and an untrusted run deploys nowhere",
                job.id.value
            );
            mistakes.push(
                Diagnostic::error(
                    codes::UNTRUSTED_ENVIRONMENT,
                    environment.name.span(),
                    message,
                )
                .label("deploys here")
                .help("keep the job away from such runs: `if: run.trusted`"),
            );
        }
        let mut part = (*job).clone();
        let steps = job.steps.iter();
        let steps = steps.filter(|step| untrusted.may_run_step(job, step));
        part.steps = Arc::new(steps.cloned().collect());
        // One by one: of a matrix some jobs may come to a step, and others not.
        for (name, span) in used(&[&part]) {
            if !named.insert((name.clone(), span.start)) {
                continue;
            }
            let message =
                format!("the secret `{name}` has no value: an untrusted run has no secrets");
            mistakes.push(
                Diagnostic::error(codes::MISSING_SECRET, span, message)
                    .label("used here")
                    .help("keep the step or its job away from such runs: `if: run.trusted`"),
            );
        }
    }
    if mistakes.is_empty() {
        return Ok(());
    }
    mistakes.sort_by_key(|mistake| mistake.span.start);
    // The jobs of a matrix deploy in the same line.
    mistakes.dedup_by_key(|mistake| (mistake.code, mistake.span));
    Err(CliError::located(source.clone(), mistakes))
}
