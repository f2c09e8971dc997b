//! `capstep plan`

use capstep_grants::changes;
use capstep_grants::plan::Plan;
use capstep_pipeline::FoundFile;
use clap::Args;
use serde_json::Value;

use crate::arguments::{EventArgument, FileArgument, Format, VariableArguments};
use crate::context::Context;
use crate::error::CliError;
use crate::project::Project;
use crate::show::PlanDiff;
use crate::values::{self, EnvFile, variables};
use crate::{exit, git, included, show};

/// Show what each step may touch, where each secret goes and which project code runs. Runs nothing.
///
/// Every line names the place in the pipeline that grants it: there is no second list of permissions. What the plan
/// does not show, a step can't do.
///
/// Where a step starts the project's own code (a script on a server), the plan says so: what that code does is that
/// place's affair.
///
/// With `--diff` it shows only what a change of the file adds to that (`+`), widens or narrows (`~`) and removes (`-`),
/// against the file as it was at a git revision. Steps are the same where their id, name or plugin is; a step that uses
/// another plugin is another step. Plugins are those of now, for both versions of the file. A script with another text,
/// or a build by another Dockerfile, is shown, but is no wider authority: what it says is the file's own change.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep plan
  capstep plan --var TARGET=root@203.0.113.7
  capstep plan --format json | jq '.jobs[].steps[].authority'
  capstep plan --diff HEAD
  capstep plan --diff origin/main --exit-code   # in CI: fail where a change wants more")]
pub(crate) struct Arguments {
    #[command(flatten)]
    file: FileArgument,
    #[command(flatten)]
    variables: VariableArguments,
    #[command(flatten)]
    event: EventArgument,
    /// Show what the file allows now and did not at this git revision: a commit, a branch, a tag.
    #[arg(long, value_name = "REF")]
    diff: Option<String>,
    /// With `--diff`: exit with 1 where anything was added or widened.
    #[arg(long, requires = "diff")]
    exit_code: bool,
    /// How the plan is written. JSON follows `capstep schema plan`, with `--diff` `capstep schema plan-diff`.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let project = Project::read(context, &arguments.file)?;
    let env_file = EnvFile::read(context, arguments.variables.env_file.as_deref())?;
    let mut variables = variables::resolve(
        &project,
        &arguments.variables,
        &env_file,
        Some(&context.environment),
    )?;
    variables.event = values::event(context, &arguments.event)?;
    let (plan, warnings) = project.plan(&variables)?;
    let look = context.printer.people;
    context
        .printer
        .people(&show::diagnostics(&project.source, &warnings, look));
    if let Some(revision) = &arguments.diff {
        let earlier = Earlier::read(&project, revision, context)?;
        // What the run is about is the same for both, or values of it would look like changes.
        let old = earlier.plan(arguments, &env_file, variables.event, context)?;
        return show_diff(arguments, &earlier, &old, &plan, context);
    }
    match arguments.format {
        Format::Text => {
            let text = show::plan(&plan, context.printer.data);
            context.printer.page(&text)?;
        }
        Format::Json => context.printer.data(&super::json(&plan)?)?,
    }
    Ok(exit::PASSED)
}

/// The file as it was.
struct Earlier {
    project: Project,
    /// The file's name now.
    name: String,
    revision: String,
    commit: String,
}

impl Earlier {
    fn read(now: &Project, revision: &str, context: &Context) -> Result<Self, CliError> {
        let name = now.source.name.clone();
        let past = git::at(&context.environment, &now.folder, &name, revision)?;
        let own = now.path.file_name().unwrap_or_default();
        let bytes = past.file(own)?.ok_or_else(|| {
            let short: String = past.commit.chars().take(12).collect();
            CliError::usage(format!("there is no `{name}` at `{revision}` ({short})"))
                .hint("the file was added later, or had another name or place then")
        })?;
        let read = |path: &str| {
            let found = past.file(path.as_ref()).map_err(|error| error.message)?;
            let bytes = found.ok_or_else(|| format!("there is no such file at `{revision}`"))?;
            let name = format!("{revision}:{}", included::beside(&name, path));
            Ok(FoundFile { name, bytes })
        };
        Ok(Self {
            project: now.with_text(format!("{revision}:{name}"), bytes, &read)?,
            name: name.clone(),
            revision: revision.to_owned(),
            commit: past.commit,
        })
    }

    fn plan(
        &self,
        arguments: &Arguments,
        env_file: &EnvFile,
        event: Option<Value>,
        context: &Context,
    ) -> Result<Plan, CliError> {
        let given = &arguments.variables;
        let mut variables = variables::for_earlier(&self.project, given, env_file, context)?;
        variables.event = event;
        let planned = self.project.plan(&variables);
        planned.map(|(plan, _)| plan).map_err(|error| {
            error.hint("a version of the file with mistakes in it has no plan to compare with")
        })
    }
}

fn show_diff(
    arguments: &Arguments,
    earlier: &Earlier,
    old: &Plan,
    new: &Plan,
    context: &Context,
) -> Result<u8, CliError> {
    let changes = changes::compare(old, new);
    let diff = PlanDiff::new(&earlier.name, &earlier.revision, &earlier.commit, &changes);
    match arguments.format {
        Format::Text => {
            let text = show::plan_diff(&diff, context.printer.data);
            context.printer.page(&text)?;
        }
        Format::Json => context.printer.data(&super::json(&diff)?)?,
    }
    Ok(if arguments.exit_code && diff.wider {
        exit::FAILED
    } else {
        exit::PASSED
    })
}
