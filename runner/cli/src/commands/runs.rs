//! `capstep runs`

use capstep_engine::past::PastRun;
use clap::Args;

use crate::arguments::{FileArgument, Format};
use crate::context::Context;
use crate::error::CliError;
use crate::history::{self, RunList, Scope};
use crate::project::Project;
use crate::{exit, show};

/// List this project's runs on this machine, newest first.
///
/// For each: its id, when it began, the pipeline, how it ended, how long it took, and the first step that failed. A run
/// that is under way is `running`; one that was killed, or whose machine stopped, is `cut short`. `capstep show RUN` says
/// more about one.
///
/// A project is known by its pipeline's `name`, else by its folder.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep runs
  capstep runs --limit 100
  capstep runs --all
  capstep runs --format json | jq -r '.runs[] | select(.outcome != \"passed\") | .run'")]
pub(crate) struct Arguments {
    #[command(flatten)]
    file: FileArgument,
    /// How many runs are shown at most.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Runs of every project on this machine.
    #[arg(long, conflicts_with = "file")]
    all: bool,
    /// How the list is written. JSON follows `capstep schema runs`.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let runs = Scope::runs(context)?;
    let scope = match arguments.all {
        true => None,
        false => {
            let project = Project::read(context, &arguments.file).map_err(|error| {
                error.hint("`--all` lists the runs of every project on this machine")
            })?;
            Some(Scope::of(&project)?)
        }
    };
    let is_ours = |run: &PastRun| scope.as_ref().is_none_or(|scope| scope.has(run));
    let mut shown = Vec::new();
    let mut more = 0;
    let all = runs.all().map_err(history::not_found)?;
    for run in all.filter(is_ours) {
        if shown.len() < arguments.limit {
            shown.push(history::listed(&run)?);
        } else {
            more += 1;
        }
    }
    let list = RunList::new(shown, more);
    match arguments.format {
        Format::Json => context.printer.data(&super::json(&list)?)?,
        Format::Text if list.runs.is_empty() && list.more == 0 => {
            let whose = if arguments.all {
                "this machine"
            } else {
                "this project"
            };
            let text = format!("no runs yet of {whose} in {}\n", runs.folder().display());
            context.printer.people(&text);
        }
        Format::Text => {
            let text = show::runs(&list, arguments.all, context.printer.data);
            context.printer.page(&text)?;
        }
    }
    Ok(exit::PASSED)
}
