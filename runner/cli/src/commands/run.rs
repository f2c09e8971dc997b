//! `capstep run`

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use capstep_docker::Endpoint;
use capstep_engine::{Cancel, RunError, RunResult, RunSettings, TimedEvent};
use capstep_host::Trust;
use capstep_pipeline::{Diagnostic, Job, Pipeline, did_you_mean};
use clap::Args;

use super::again::{self, AgainArguments};
use crate::arguments::{EventArgument, FileArgument, Format, SecretArguments, VariableArguments};
use crate::context::Context;
use crate::error::CliError;
use crate::process::{self, Signalled};
use crate::project::Project;
use crate::report::{self, Report, ReportArguments, ReportFiles};
use crate::values::{self, EnvFile, secrets, untrusted, variables};
use crate::{directories, exit, show, surroundings};

/// Run a pipeline.
///
/// The whole file is checked first, as `capstep lint` does; where there is a mistake in it, or a secret that a selected
/// job uses has no value, nothing is run.
///
/// The report for people goes to standard error; standard output stays empty. `--format json` writes the events instead,
/// to standard output, one JSON object a line (see `capstep schema events`). Either way the run leaves a folder with its
/// events and its journal, the record of everything it did, in `$XDG_STATE_HOME/capstep/runs` (`~/.local/state`).
///
/// Interrupting it (Ctrl-C) lets running steps tidy up for some seconds; a second time ends it at once.
#[derive(Debug, Args)]
#[command(after_long_help = format!("\
Examples:
  capstep run
  capstep run --job deploy --var HOST=203.0.113.7 --secret DEPLOY_KEY=file:$HOME/.ssh/deploy
  capstep run --env-file .env.production
  capstep run --untrusted --event pull-request.json
  capstep run --from deploy/2
  capstep run --failed latest
  capstep run --junit junit.xml --html report.html
  capstep run --format json | jq -r 'select(.event == \"line\") | .text'

{}", exit::help()))]
pub(crate) struct Arguments {
    #[command(flatten)]
    file: FileArgument,
    /// Run this job and those it needs, and no others; may be given several times.
    #[arg(long = "job", value_name = "JOB", conflicts_with_all = ["from", "only", "failed"])]
    jobs_only: Vec<String>,
    #[command(flatten)]
    again: AgainArguments,
    /// How many jobs may run at once; without it, as many as there are processors.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    variables: VariableArguments,
    #[command(flatten)]
    event: EventArgument,
    #[command(flatten)]
    secrets: SecretArguments,
    /// What is run was written by somebody else, such as a fork's pull request: it gets no secrets and nothing of the
    /// environment, deploys nowhere, and has caches and values of its own.
    ///
    /// A job that needs a secret, or has an `environment`, is an error before anything runs, unless its `if` keeps it away:
    /// `if: run.trusted`.
    #[arg(long, conflicts_with_all = ["secrets", "identity", "env_file"])]
    untrusted: bool,
    /// Show outputs, and lines that are only for a close look.
    #[arg(long, short)]
    verbose: bool,
    /// Show no live view below the report.
    ///
    /// On a terminal the last lines say what runs now and how far it has come. They go away with the run. Where `CI` is
    /// set, or `TERM` is `dumb`, they are not shown anyway.
    #[arg(long)]
    no_live: bool,
    #[command(flatten)]
    reports: ReportArguments,
    /// How the run is told: text to standard error, or events to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    fn trust(&self) -> Trust {
        match self.untrusted {
            true => Trust::Untrusted,
            false => Trust::Trusted,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    process::protect_memory();
    let project = Project::read(context, &arguments.file)?;
    let env_file = EnvFile::read(context, arguments.variables.env_file.as_deref())?;
    let environment = (!arguments.untrusted).then_some(&context.environment);
    let mut variables = variables::resolve(&project, &arguments.variables, &env_file, environment)?;
    variables.event = values::event(context, &arguments.event)?;
    let (plan, warnings) = project.plan(&variables)?;
    let look = context.printer.people;
    context
        .printer
        .people(&show::diagnostics(&project.source, &warnings, look));
    let Some(pipeline) = &project.pipeline else {
        return Err(CliError::located(project.source, project.mistakes));
    };
    let resume = again::resume(
        &arguments.again,
        &project,
        pipeline,
        arguments.trust(),
        context,
    )?;
    let selected = match &resume {
        Some(resume) => again::jobs(resume, pipeline),
        None => selected(pipeline, &arguments.jobs_only)?,
    };
    // Of a job that is run in part, the steps that are run.
    let parts: Vec<Job> = selected
        .iter()
        .map(|job| again::part(resume.as_ref(), job))
        .collect();
    let files = ReportFiles::prepare(&arguments.reports, context, &project.path)?;
    let parts: Vec<&Job> = parts.iter().collect();
    let secrets = if arguments.untrusted {
        untrusted::check(&project.source, pipeline, &parts, &variables)?;
        BTreeMap::new()
    } else {
        let given = &arguments.secrets;
        secrets::resolve(&project.source, pipeline, &parts, given, &env_file, context)?
    };
    let processors = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let jobs = arguments.jobs.unwrap_or(processors).get();
    let settings = RunSettings {
        source: Arc::new(project.source.clone()),
        pipeline: Arc::new(pipeline.clone()),
        registry: Arc::clone(&project.registry),
        cache: Some(directories::cache(&context.environment)?),
        variables,
        secrets,
        trust: arguments.trust(),
        workspace: project.folder.clone(),
        state: directories::state(&context.environment)?,
        engine: Endpoint::find(&surroundings::of(&context.environment)),
        compiler: Some(directories::compiler()),
        scripts: directories::scripts(&context.environment),
        jobs,
        only: arguments.jobs_only.clone(),
        resume,
    };
    let report = match arguments.format {
        Format::Json => Report::json(context.printer),
        Format::Text => {
            let ids: Vec<&str> = selected.iter().map(|job| job.id.value.as_str()).collect();
            let at_once = jobs > 1 && report::may_overlap(&plan, &ids);
            let report = Report::text(context.printer, &ids, at_once, arguments.verbose);
            if !arguments.no_live && report::can_be_shown(context.printer, &context.environment) {
                report.with_live()
            } else {
                report
            }
        }
    };
    // No more than there are jobs: each costs a tenth of a millisecond to start.
    let threads = jobs.min(processors.get()).min(selected.len().max(1));
    let (result, signalled) = execute(settings, report, &files, threads, &project)?;
    let code = match signalled.exit_code() {
        Some(code) if result.outcome.exit_code() == exit::INTERRUPTED => code,
        _ => result.outcome.exit_code(),
    };
    let unwritten = files.write(&plan, &result.folder);
    for error in &unwritten {
        context.printer.people(&show::error(error, look));
    }
    Ok(match code {
        // The gravest wins.
        exit::PASSED | exit::FAILED if !unwritten.is_empty() => exit::INFRASTRUCTURE,
        _ => code,
    })
}

/// Starts the runtime and runs.
fn execute(
    settings: RunSettings,
    mut report: Report,
    files: &ReportFiles,
    threads: usize,
    project: &Project,
) -> Result<(RunResult, Signalled), CliError> {
    let cancel = Cancel::default();
    process::block_on(threads, async {
        let signalled = process::cancel_on_signals(&cancel)?;
        let files = files.clone();
        let listener = move |event: &TimedEvent| {
            report.tell(event);
            files.note(event);
        };
        let result = capstep_engine::run(settings, listener, cancel)
            .await
            .map_err(|error| {
                let code = signalled.exit_code().unwrap_or(exit::INTERRUPTED);
                could_not_begin(error, project, code)
            })?;
        Ok((result, signalled))
    })
}

/// The jobs to run: those named and all that they need; all where none is named.
fn selected<'a>(pipeline: &'a Pipeline, only: &[String]) -> Result<Vec<&'a Job>, CliError> {
    let find = |id: &str| pipeline.jobs.iter().find(|job| job.id.value == id);
    let mut open = Vec::new();
    for name in only {
        let before = open.len();
        open.extend(pipeline.jobs.iter().filter(|job| job.is_called(name)));
        if open.len() == before {
            let mut keys: Vec<&str> = pipeline.jobs.iter().map(|job| job.key.as_str()).collect();
            keys.dedup();
            let error = CliError::usage(format!("there is no job `{name}`"));
            return Err(error.hint(match did_you_mean(name, keys.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are `{}`", keys.join("`, `")),
            }));
        }
    }
    if only.is_empty() {
        return Ok(pipeline.jobs.iter().collect());
    }
    let mut wanted = BTreeSet::new();
    while let Some(job) = open.pop() {
        if wanted.insert(job.id.value.as_str()) {
            open.extend(job.needs.iter().filter_map(|need| find(&need.value)));
        }
    }
    let jobs = pipeline.jobs.iter();
    Ok(jobs
        .filter(|job| wanted.contains(job.id.value.as_str()))
        .collect())
}

/// Why a run could not begin. `cancelled`: the exit code where it was cancelled.
pub(super) fn could_not_begin(error: RunError, project: &Project, cancelled: u8) -> CliError {
    match error {
        RunError::Cancelled => CliError::cancelled(cancelled, error.to_string()),
        RunError::Plugins(failures) => {
            let mistakes = failures.into_iter().map(|failure| {
                Diagnostic::error(
                    capstep_registry::codes::INVALID_PLUGIN,
                    failure.span,
                    failure.message,
                )
                .maybe_help(failure.help)
            });
            CliError::located(project.source.clone(), mistakes.collect())
        }
        RunError::UnknownJob(_) => CliError::usage(error.to_string()),
        RunError::State { .. } | RunError::Workspace { .. } | RunError::Sandbox(_) => {
            CliError::infrastructure(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use capstep_pipeline::{Source, parse_pipeline};

    use super::*;

    #[test]
    fn named_jobs_bring_those_they_need() {
        let step = "steps: [ { uses: noop } ]";
        let text = format!(
            "version: 1\njobs:\n  a: {{ {step} }}\n  b: {{ needs: a, {step} }}\n  c: {{ needs: [b, a], {step} }}\n  d: {{ {step} }}\n"
        );
        let (pipeline, _) = parse_pipeline(&Source::new("p.yml", text));
        let pipeline = pipeline.unwrap();
        let check = |only: &[&str], expected: Result<&[&str], &str>| {
            let only: Vec<String> = only.iter().map(|id| (*id).to_owned()).collect();
            let found = selected(&pipeline, &only)
                .map(|jobs| {
                    jobs.iter()
                        .map(|job| job.id.value.as_str())
                        .collect::<Vec<_>>()
                })
                .map_err(|error| format!("{}; {}", error.message, error.hints.join("; ")));
            assert_eq!(
                found.as_deref(),
                expected.map_err(str::to_owned).as_ref().map(|ids| *ids),
                "{only:?}"
            );
        };
        check(&[], Ok(&["a", "b", "c", "d"]));
        check(&["c"], Ok(&["a", "b", "c"]));
        check(&["d", "a"], Ok(&["a", "d"]));
        check(
            &["e"],
            Err("there is no job `e`; there are `a`, `b`, `c`, `d`"),
        );
    }
}
