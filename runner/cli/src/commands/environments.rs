//! `capstep environments`

use std::path::PathBuf;

use capstep_pipeline::did_you_mean;
use clap::Args;

use crate::arguments::{FileArgument, Format};
use crate::context::Context;
use crate::error::CliError;
use crate::history::{EnvironmentList, Scope};
use crate::project::Project;
use crate::{exit, show};

/// List where this project's jobs have deployed to, and what is there now.
///
/// For each `environment`: the last deployment, when it was, the run and the job that did it, and where it can be seen.
/// With a NAME, all of its deployments that are remembered, the newest first: at most 100.
///
/// A project is known by its pipeline's `name`, else by its folder. What other machines deployed is not known here.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep environments
  capstep environments production
  capstep environments --format json | jq -r '.environments[] | .name + \" \" + .deployments[0].run'")]
pub(crate) struct Arguments {
    /// Only this environment, with all of its deployments.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The pipeline; without it, the nearest `capstep.yml`.
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How the list is written. JSON follows `capstep schema environments`; it has all deployments.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let file = FileArgument {
        file: arguments.file.clone(),
    };
    let project = Project::read(context, &file)?;
    let mut list = EnvironmentList::read(&Scope::of(&project)?, context)?;
    if let Some(name) = &arguments.name {
        list.only(name).map_err(|known| none_of(name, &known))?;
    }
    match arguments.format {
        Format::Json => context.printer.data(&super::json(&list)?)?,
        Format::Text if list.environments.is_empty() => context
            .printer
            .people("nothing was deployed yet on this machine by jobs with an `environment`\n"),
        Format::Text => {
            let whole = arguments.name.is_some();
            let text = show::environments(&list, whole, context.printer.data);
            context.printer.page(&text)?;
        }
    }
    Ok(exit::PASSED)
}

fn none_of(name: &str, known: &[String]) -> CliError {
    let message = format!("nothing was deployed to `{name}` yet on this machine");
    let near = did_you_mean(name, known.iter().map(String::as_str));
    CliError::usage(message).maybe_hint(match (near, known) {
        (Some(near), _) => Some(format!("did you mean `{near}`?")),
        (None, []) => None,
        (None, known) => Some(format!("there are `{}`", known.join("`, `"))),
    })
}
