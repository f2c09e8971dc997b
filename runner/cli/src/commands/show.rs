//! `capstep show`

use clap::Args;

use crate::arguments::{FileArgument, Format};
use crate::context::Context;
use crate::error::CliError;
use crate::history::{self, JobView, Lines, RunView, Scope};
use crate::project::Project;
use crate::{exit, show};

/// What stands for the newest run.
const LATEST: &str = "latest";

/// Show what happened in a run: its jobs and steps, why they failed, what they did.
///
/// For each step: how it ended and why, the last lines of its log where it failed, what was denied (the rule, and the line
/// that would grant it), and what it did, from the run's journal: each effect with the line of the pipeline that allowed
/// it. An effect that was begun and whose end isn't known is *in doubt*: the run was killed in the middle of it.
///
/// The journal's hash chain is checked. Exits with 0 where it holds, with 1 where it doesn't.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep show
  capstep show 20261121-1102
  capstep show --step deploy/2 --log
  capstep show latest --format json | jq '.journal.effects[] | select(.state == \"in-doubt\")'")]
pub(crate) struct Arguments {
    /// The run: its id or the beginning of it, or `latest`, this project's newest.
    #[arg(value_name = "RUN", default_value = LATEST)]
    run: String,
    /// Only this job, or this step of it: by its number or its name. May be given several times.
    #[arg(long = "step", value_name = "JOB[/STEP]")]
    steps: Vec<String>,
    /// All lines of the logs, not only the last ones of steps that failed.
    #[arg(long)]
    log: bool,
    /// How it is written. JSON follows `capstep schema run`.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let runs = Scope::runs(context)?;
    let run = if arguments.run == LATEST {
        let project = Project::read(context, &FileArgument { file: None }).map_err(|error| {
            error.hint("or name the run: `capstep runs --all` lists all of this machine")
        })?;
        history::latest(&runs, &Scope::of(&project)?)?
    } else {
        history::named(&runs, &arguments.run)?
    };
    let lines = match arguments.log {
        true => Lines::All,
        false => Lines::OfFailures,
    };
    let mut view = history::view(&run, lines)?;
    if !arguments.steps.is_empty() {
        select(&mut view, &arguments.steps)?;
    }
    match arguments.format {
        Format::Json => context.printer.data(&super::json(&view)?)?,
        Format::Text => {
            let text = show::run(&view, context.printer.data);
            context.printer.page(&text)?;
        }
    }
    Ok(if view.journal.chain.is_bad() {
        exit::FAILED
    } else {
        exit::PASSED
    })
}

/// Leaves the jobs and steps that were asked for.
fn select(view: &mut RunView, asked: &[String]) -> Result<(), CliError> {
    for one in asked {
        if !view.jobs.iter().any(|job| wanted(job, one).is_some()) {
            let known = view.jobs.iter().flat_map(|job| {
                let steps = job.steps.iter();
                steps.map(|step| format!("`{}/{}`", job.job, step.step))
            });
            let known: Vec<String> = known.collect();
            return Err(
                CliError::usage(format!("the run has no step `{one}`")).hint(if known.is_empty() {
                    "it has no steps: nothing was run".to_owned()
                } else {
                    format!("it has {}", known.join(", "))
                }),
            );
        }
    }
    let mut whole = Vec::new();
    view.jobs.retain_mut(|job| {
        let found: Vec<Wanted> = asked.iter().filter_map(|one| wanted(job, one)).collect();
        if found.contains(&Wanted::Job) {
            whole.push(job.job.clone());
        } else {
            job.steps
                .retain(|step| found.contains(&Wanted::Step(step.step)));
        }
        !found.is_empty()
    });
    view.journal.effects.retain(|effect| match effect.step {
        // What the job itself did is its own.
        None => whole.contains(&effect.job),
        Some(number) => view
            .jobs
            .iter()
            .any(|job| job.job == effect.job && job.steps.iter().any(|step| step.step == number)),
    });
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Wanted {
    Job,
    Step(usize),
}

/// What of the job is meant by `JOB` or `JOB/STEP`.
fn wanted(job: &JobView, asked: &str) -> Option<Wanted> {
    if asked == job.job {
        return Some(Wanted::Job);
    }
    let asked = asked.strip_prefix(job.job.as_str())?.strip_prefix('/')?;
    let step = job
        .steps
        .iter()
        .find(|step| step.name == asked || step.step.to_string() == asked)?;
    Some(Wanted::Step(step.step))
}
