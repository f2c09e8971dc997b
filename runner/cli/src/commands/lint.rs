//! `capstep lint`

use clap::Args;

use crate::arguments::{FileArgument, Format, VariableArguments};
use crate::context::Context;
use crate::error::{CliError, count};
use crate::project::Project;
use crate::values::{EnvFile, variables};
use crate::{exit, show};

/// Check a pipeline: its text, what it hands to plugins, and races between jobs.
///
/// All mistakes are told at once, each with its place, the text and what to do. Nothing is run, no secret is looked at,
/// and the environment is not read: variables have their defaults, or what `--var` and `--env-file` say.
///
/// Text goes to standard error. `--format json` writes an array to standard output, one object per mistake: code,
/// severity, message, file, line, column, end-line, end-column, help, related. Lines and columns count from 1.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep lint
  capstep lint ci/deploy.yml
  capstep lint --format json | jq -r '.[] | \"\\(.file):\\(.line): \\(.message)\"'

Exits with 0 where there are no mistakes (warnings are none), else with 2.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    file: FileArgument,
    #[command(flatten)]
    variables: VariableArguments,
    /// How mistakes are written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let project = Project::read(context, &arguments.file)?;
    let env_file = EnvFile::read(context, arguments.variables.env_file.as_deref())?;
    let variables = variables::for_lint(&project, &arguments.variables, &env_file)?;
    let (_, mistakes) = project.check(&variables);
    let failed = mistakes.iter().any(capstep_pipeline::Diagnostic::is_error);
    if arguments.format == Format::Json {
        let list = show::diagnostics_json(&project.source, &mistakes);
        context.printer.data(&super::json(&list)?)?;
    } else if failed {
        return Err(CliError::located(project.source, mistakes));
    } else {
        let look = context.printer.people;
        context
            .printer
            .people(&show::diagnostics(&project.source, &mistakes, look));
        context.printer.people(&format!("{}\n", summary(&project)));
    }
    Ok(if failed { exit::USAGE } else { exit::PASSED })
}

fn summary(project: &Project) -> String {
    let jobs = project.pipeline.iter().flat_map(|pipeline| &pipeline.jobs);
    let (jobs, steps) = jobs.fold((0, 0), |(jobs, steps), job| {
        (jobs + 1, steps + job.steps.len())
    });
    let name = &project.source.name;
    format!(
        "{name}: no mistakes in {} with {}",
        count(jobs, "job"),
        count(steps, "step")
    )
}
