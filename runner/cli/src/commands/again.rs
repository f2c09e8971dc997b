//! `capstep run --from`, `--only`, `--failed`: a part of a pipeline.

use std::sync::Arc;

use capstep_engine::past::{PastRun, PastRuns, RunState};
use capstep_engine::resume::{Again, Recorded, Resume, ResumeError, choose};
use capstep_engine::{StepRef, pipeline_digest};
use capstep_grants::plan::step_name;
use capstep_host::Trust;
use capstep_pipeline::{Diagnostic, Job, Pipeline, did_you_mean};
use clap::Args;

use crate::codes;
use crate::context::Context;
use crate::error::CliError;
use crate::history::{self, Scope};
use crate::project::Project;

/// How many earlier runs are looked through for one that has what is needed: a person who runs a part again means one of
/// the last.
const LOOKED_AT: usize = 20;

/// What stands for the newest run.
const LATEST: &str = "latest";

/// Which part of the pipeline.
#[derive(Debug, Default, Args)]
pub(crate) struct AgainArguments {
    /// Run from this step on: the ones behind it in its job, and all jobs that need that job.
    ///
    /// A step is `JOB/STEP`, by number, id or name; the step's id alone where no other job has it; `JOB` for its first.
    /// What comes before is not run: how it ended and its outputs are taken from the newest run of the very same file
    /// that has them.
    #[arg(long, value_name = "STEP", conflicts_with_all = ["only", "failed"])]
    from: Option<String>,
    /// Run these steps and no others; may be given several times.
    ///
    /// Outputs of other steps that they refer to are taken from an earlier run of the very same file.
    #[arg(long, value_name = "STEP", conflicts_with = "failed")]
    only: Vec<String>,
    /// Run again what did not pass in this run, and what it did not come to: a run's id, the beginning of one, or
    /// `latest`.
    ///
    /// The file must be the very same. What passed is not run: its outputs are taken from that run.
    #[arg(long, value_name = "RUN")]
    failed: Option<String>,
}

/// What is done with each job and step; none where the pipeline is run as it always is.
pub(super) fn resume(
    arguments: &AgainArguments,
    project: &Project,
    pipeline: &Pipeline,
    trust: Trust,
    context: &Context,
) -> Result<Option<Resume>, CliError> {
    let search = |again| -> Result<Option<Resume>, CliError> {
        let earlier = Earlier::of(project, pipeline, trust, context)?;
        earlier.newest(&again).map(Some)
    };
    if let Some(written) = &arguments.from {
        return search(Again::From(find_step(pipeline, written)?));
    }
    if !arguments.only.is_empty() {
        let steps = arguments.only.iter();
        let steps = steps.map(|written| find_step(pipeline, written));
        return search(Again::Only(steps.collect::<Result<_, _>>()?));
    }
    match &arguments.failed {
        Some(run) => {
            let earlier = Earlier::of(project, pipeline, trust, context)?;
            earlier.named(run).map(Some)
        }
        None => Ok(None),
    }
}

/// The jobs of which something is run.
pub(super) fn jobs<'a>(resume: &Resume, pipeline: &'a Pipeline) -> Vec<&'a Job> {
    let jobs = pipeline.jobs.iter();
    jobs.filter(|job| resume.runs_job(&job.id.value)).collect()
}

/// The job with the steps that are run.
pub(super) fn part(resume: Option<&Resume>, job: &Job) -> Job {
    let mut part = job.clone();
    if let Some(resume) = resume {
        let numbered = (1..).zip(job.steps.iter());
        let run = numbered.filter(|(number, _)| resume.runs_step(&job.id.value, *number));
        part.steps = Arc::new(run.map(|(_, step)| step.clone()).collect());
    }
    part
}

/// Earlier runs of the same project and the very same file, trusted as this one is.
struct Earlier<'a> {
    project: &'a Project,
    pipeline: &'a Pipeline,
    runs: PastRuns,
    scope: Scope,
    digest: String,
    trust: Trust,
}

impl<'a> Earlier<'a> {
    fn of(
        project: &'a Project,
        pipeline: &'a Pipeline,
        trust: Trust,
        context: &Context,
    ) -> Result<Self, CliError> {
        Ok(Self {
            runs: Scope::runs(context)?,
            scope: Scope::of(project)?,
            digest: pipeline_digest(&project.source),
            trust,
            project,
            pipeline,
        })
    }

    fn fits(&self, run: &PastRun) -> bool {
        let same = run
            .record
            .as_ref()
            .is_some_and(|record| record.digest == self.digest);
        // Nothing leads from what somebody else's text came to into a trusted run, nor the other way round.
        same && self.is_trusted_alike(run) && self.scope.has(run) && run.state != RunState::Running
    }

    fn is_trusted_alike(&self, run: &PastRun) -> bool {
        let trusted = run.record.as_ref().is_some_and(|record| record.trusted);
        trusted == (self.trust == Trust::Trusted)
    }

    /// From the newest run that has what is needed; `--only` may need nothing.
    fn newest(&self, again: &Again) -> Result<Resume, CliError> {
        let mut first = None;
        let runs = self.runs.all().map_err(history::not_found)?;
        for run in runs.filter(|run| self.fits(run)).take(LOOKED_AT) {
            match self.choose(again, Some(&self.recorded(&run)?)) {
                Ok(resume) => return Ok(resume),
                Err(error) => {
                    first.get_or_insert(error);
                }
            }
        }
        if let Some(error) = first {
            return Err(self.told(&error));
        }
        match again {
            Again::Only(_) => self.choose(again, None).map_err(|error| self.told(&error)),
            Again::From(_) | Again::Failed => Err(CliError::usage(format!(
                "there is no earlier run of this very `{}` on this machine",
                self.project.source.name
            ))
            .hint("a part can be run after the whole file was; a file that was changed since is another")),
        }
    }

    /// From the run that was named.
    fn named(&self, name: &str) -> Result<Resume, CliError> {
        let run = if name == LATEST {
            history::latest(&self.runs, &self.scope)?
        } else {
            history::named(&self.runs, name)?
        };
        let id = &run.id;
        if run.state == RunState::Running {
            return Err(CliError::usage(format!("the run {id} is under way")));
        }
        if !self.scope.has(&run) {
            return Err(
                CliError::usage(format!("the run {id} is another project's"))
                    .hint("`capstep runs` lists this project's"),
            );
        }
        if !self.is_trusted_alike(&run) {
            let (kind, hint) = match self.trust {
                Trust::Trusted => ("an untrusted one", "run it whole, or with `--untrusted`"),
                Trust::Untrusted => ("a trusted one", "run it whole"),
            };
            return Err(CliError::usage(format!(
                "the run {id} was {kind}, and nothing of it is taken here"
            ))
            .hint(hint));
        }
        if !self.fits(&run) {
            let name = &self.project.source.name;
            return Err(
                CliError::usage(format!("the run {id} was of another text of `{name}`"))
                    .hint("run it whole: what the file said then is not what it says now"),
            );
        }
        let chosen = self.choose(&Again::Failed, Some(&self.recorded(&run)?));
        chosen.map_err(|error| self.told(&error))
    }

    fn recorded(&self, run: &PastRun) -> Result<Recorded, CliError> {
        Recorded::read(run).map_err(|error| {
            let path = run.path.display();
            CliError::infrastructure(format!("the events in `{path}` can't be read: {error}"))
        })
    }

    fn choose(&self, again: &Again, past: Option<&Recorded>) -> Result<Resume, ResumeError> {
        choose(self.pipeline, again, past)
    }

    fn told(&self, error: &ResumeError) -> CliError {
        match error.span() {
            Some(span) => {
                let mistake = Diagnostic::error(codes::NOT_RECORDED, span, error.to_string())
                    .label("used here")
                    .help("run the step that gives it as well: begin there with `--from`, or add it with `--only`");
                CliError::located(self.project.source.clone(), vec![mistake])
            }
            None => {
                let told = CliError::usage(error.to_string());
                match error {
                    ResumeError::NothingFailed { .. } => told,
                    _ => told.hint("begin at an earlier step, or run the file whole"),
                }
            }
        }
    }
}

/// The step that is meant by `JOB/STEP`, a step's id, or `JOB`.
fn find_step(pipeline: &Pipeline, written: &str) -> Result<StepRef, CliError> {
    let at = |job: &Job, step: usize| StepRef {
        job: job.id.value.clone(),
        step,
    };
    if let Some((id, step)) = written.split_once('/')
        && let Some(job) = pipeline.jobs.iter().find(|job| job.id.value == id)
    {
        let mut steps = job.steps.iter().enumerate();
        let found = steps.find(|(index, candidate)| {
            let own = candidate.id.as_ref().is_some_and(|id| id.value == step);
            own || (index + 1).to_string() == step || step_name(candidate) == step
        });
        return found
            .map(|(index, _)| at(job, index + 1))
            .ok_or_else(|| no_step(pipeline, written));
    }
    if let Some(job) = pipeline.jobs.iter().find(|job| job.id.value == written) {
        return Ok(at(job, 1));
    }
    let mut found = pipeline.jobs.iter().flat_map(|job| {
        let steps = job.steps.iter().enumerate();
        steps
            .filter(|(_, step)| step.id.as_ref().is_some_and(|id| id.value == written))
            .map(|(index, _)| at(job, index + 1))
    });
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some(first), Some(second)) => Err(CliError::usage(format!(
            "several jobs have a step `{written}`"
        ))
        .hint(format!(
            "write `{}/{written}` or `{}/{written}`",
            first.job, second.job
        ))),
        (None, _) => Err(no_step(pipeline, written)),
    }
}

fn no_step(pipeline: &Pipeline, written: &str) -> CliError {
    let mut known = Vec::new();
    for job in &pipeline.jobs {
        for (index, step) in job.steps.iter().enumerate() {
            let step = match &step.id {
                Some(id) => id.value.clone(),
                None => (index + 1).to_string(),
            };
            known.push(format!("{}/{step}", job.id.value));
        }
    }
    let near = did_you_mean(written, known.iter().map(String::as_str));
    CliError::usage(format!("there is no step `{written}`")).hint(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are `{}`", known.join("`, `")),
    })
}

#[cfg(test)]
mod tests {
    use capstep_pipeline::{Source, parse_pipeline};

    use super::*;

    #[test]
    fn steps_have_several_names() {
        let text = "version: 1
jobs:
  a: { steps: [ { uses: noop }, { id: two, name: Second, uses: noop }, { id: both, uses: noop } ] }
  b: { steps: [ { id: both, uses: noop } ] }
";
        let (pipeline, _) = parse_pipeline(&Source::new("p.yml", text));
        let pipeline = pipeline.unwrap();
        let check = |written, expected: Result<(&str, usize), &str>| {
            let found = find_step(&pipeline, written);
            let found = found
                .as_ref()
                .map(|at| (at.job.as_str(), at.step))
                .map_err(|error| format!("{}; {}", error.message, error.hints.join("; ")));
            assert_eq!(found, expected.map_err(str::to_owned), "{written}");
        };
        check("a/1", Ok(("a", 1)));
        check("a/two", Ok(("a", 2)));
        check("a/Second", Ok(("a", 2)));
        check("two", Ok(("a", 2)));
        check("b", Ok(("b", 1)));
        check(
            "both",
            Err("several jobs have a step `both`; write `a/both` or `b/both`"),
        );
        check(
            "a/tow",
            Err("there is no step `a/tow`; did you mean `a/two`?"),
        );
        check(
            "x",
            Err("there is no step `x`; there are `a/1`, `a/two`, `a/both`, `b/both`"),
        );
    }
}
