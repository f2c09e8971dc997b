//! `capstep plan`

use clap::Args;

use crate::arguments::{EventArgument, FileArgument, Format, VariableArguments};
use crate::context::Context;
use crate::error::CliError;
use crate::project::Project;
use crate::values::{self, EnvFile, variables};
use crate::{exit, show};

/// Show what each step may touch, where each secret goes and which project code runs. Runs nothing.
///
/// Every line names the place in the pipeline that grants it: there is no second list of permissions. What the plan
/// does not show, a step can't do.
///
/// Where a step starts the project's own code (a script on a server), the plan says so: what that code does is that
/// place's affair.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep plan
  capstep plan --var TARGET=root@203.0.113.7
  capstep plan --format json | jq '.jobs[].steps[].authority'")]
pub(crate) struct Arguments {
    #[command(flatten)]
    file: FileArgument,
    #[command(flatten)]
    variables: VariableArguments,
    #[command(flatten)]
    event: EventArgument,
    /// How the plan is written. JSON follows `capstep schema plan`.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let project = Project::read(context, &arguments.file)?;
    let env_file = EnvFile::read(context, arguments.variables.env_file.as_deref())?;
    let mut variables = variables::resolve(&project, &arguments.variables, &env_file, context)?;
    variables.event = values::event(context, &arguments.event)?;
    let (plan, warnings) = project.plan(&variables)?;
    let look = context.printer.people;
    context
        .printer
        .people(&show::diagnostics(&project.source, &warnings, look));
    match arguments.format {
        Format::Text => {
            let text = show::plan(&plan, context.printer.data);
            context.printer.page(&text)?;
        }
        Format::Json => context.printer.data(&super::json(&plan)?)?,
    }
    Ok(exit::PASSED)
}
