//! `capstep demo`

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use capstep_demo::{DENIED_FILE, DemoProject, DemoServers, PIPELINE_FILE};
use capstep_docker::{Endpoint, Surroundings};
use capstep_engine::{Cancel, Outcome, RunError, RunSettings, TimedEvent};
use capstep_grants::plan::Variables;
use capstep_host::Trust;
use capstep_host::sandbox::CacheDirectories;
use capstep_registry::Registry;
use capstep_secrets::SecretValue;
use clap::Args;
use tempfile::TempDir;

use super::run::could_not_begin;
use crate::arguments::FileArgument;
use crate::context::Context;
use crate::error::CliError;
use crate::printer::Style;
use crate::process;
use crate::project::Project;
use crate::report::Report;
use crate::{directories, exit, show};

/// Deploy a small site over SSH, on this machine alone, and see a plugin being stopped.
///
/// The command hosts an SSH and an HTTP server on 127.0.0.1, writes a project to a temporary folder, shows its plan and
/// runs it: an environment file with a secret is written, files are uploaded, a script runs, a release is switched, and
/// the deployed site is asked until it is healthy. Then a second pipeline runs a plugin that asks for two addresses that
/// it was not handed, and is denied. Neither Docker nor sshd is needed, and nothing is left behind.
///
/// Exits with 0 where the site was deployed and the second pipeline was denied.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep demo
  capstep demo --verbose")]
pub(crate) struct Arguments {
    /// Show outputs, and lines that are only for a close look.
    #[arg(long, short)]
    verbose: bool,
}

/// Threads for the two servers and the one job.
const THREADS: usize = 2;

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    process::protect_memory();
    // Everything but the servers' own folder: the project, the runs' records, the compiled plugins.
    let made = OnceCell::new();
    let ended = process::block_on(THREADS, async {
        let cancel = Cancel::default();
        // From here on no signal ends the program before it has tidied up.
        let signalled = process::cancel_on_signals(&cancel)?;
        let folder = tempfile::Builder::new()
            .prefix("capstep-demo-project-")
            .tempdir()
            .map_err(failed)?;
        let folder = made.get_or_init(|| folder).path();
        let outcome = show_all(arguments, context, folder, &cancel).await?;
        Ok(match (outcome, signalled.exit_code()) {
            (Outcome::Cancelled, Some(code)) => code,
            (outcome, _) => outcome.exit_code(),
        })
    });
    // Only now no thread writes there any more.
    let removed = made.into_inner().map_or(Ok(()), TempDir::close);
    let code = ended?;
    removed.map_err(failed)?;
    if code == exit::PASSED {
        context
            .printer
            .people("Both servers are gone, and so is everything that they and the runs wrote.\n");
    }
    Ok(code)
}

fn failed(error: std::io::Error) -> CliError {
    CliError::infrastructure(format!("the demo could not be set up: {error}"))
}

async fn show_all(
    arguments: &Arguments,
    context: &Context,
    folder: &Path,
    cancel: &Cancel,
) -> Result<Outcome, CliError> {
    let servers = DemoServers::start().await.map_err(failed)?;
    let project = folder.join("project");
    DemoProject::write(&project, &servers).map_err(failed)?;
    let secrets: BTreeMap<String, SecretValue> = DemoProject::secrets(&servers)
        .map_err(failed)?
        .into_iter()
        .map(|(name, value)| (name.to_owned(), SecretValue::new(value.as_str())))
        .collect();
    let demo = Demo {
        arguments,
        context,
        folder,
        secrets,
        cancel,
    };

    demo.title("The plan: what each step may touch, before anything runs");
    let outcome = demo
        .pipeline(&project.join(PIPELINE_FILE), "The run")
        .await?;
    if outcome != Outcome::Passed {
        return Ok(outcome);
    }
    demo.title("A plugin that wants more than it was handed");
    let denied = demo.pipeline(&project.join(DENIED_FILE), "Its run").await?;
    let outcome = match denied {
        Outcome::Denied => {
            demo.say("The plugin did its work and asked for two more addresses; both were denied, and the step failed.\n");
            Outcome::Passed
        }
        Outcome::Passed | Outcome::Skipped => {
            return Err(CliError::infrastructure(
                "the curious plugin was not stopped, and should have been",
            ));
        }
        other => other,
    };
    servers.close().map_err(failed)?;
    Ok(outcome)
}

struct Demo<'a> {
    arguments: &'a Arguments,
    context: &'a Context,
    folder: &'a Path,
    secrets: BTreeMap<String, SecretValue>,
    cancel: &'a Cancel,
}

impl Demo<'_> {
    fn say(&self, text: &str) {
        self.context.printer.people(text);
    }

    fn title(&self, text: &str) {
        let printer = self.context.printer;
        printer.people(&format!(
            "\n{}\n\n",
            printer.people.paint(Style::Strong, text)
        ));
    }

    /// Shows a pipeline's plan and runs it.
    async fn pipeline(&self, path: &Path, title: &str) -> Result<Outcome, CliError> {
        let file = FileArgument {
            file: Some(path.to_owned()),
        };
        let mut project = Project::read(self.context, &file)?;
        project.registry = Arc::new(Registry::new(&project.folder).in_demo());
        // The temporary folder's name says nothing to anybody; the file's does.
        if let Some(name) = path.file_name() {
            project.source.name = name.to_string_lossy().into_owned();
        }
        let variables = Variables::default();
        let (plan, _) = project.plan(&variables)?;
        self.say(&show::plan(&plan, self.context.printer.people));
        self.title(title);
        let Some(pipeline) = project.pipeline.clone() else {
            return Err(CliError::located(project.source, project.mistakes));
        };
        let ids: Vec<&str> = pipeline
            .jobs
            .iter()
            .map(|job| job.id.value.as_str())
            .collect();
        let mut report = Report::text(self.context.printer, &ids, false, self.arguments.verbose);
        let declared = |name: &String| pipeline.secrets.iter().any(|secret| secret.value == *name);
        let settings = RunSettings {
            source: Arc::new(project.source.clone()),
            pipeline: Arc::new(pipeline.clone()),
            registry: Arc::clone(&project.registry),
            cache: Some(CacheDirectories {
                system: None,
                user: self.folder.join("cache"),
            }),
            variables,
            secrets: self
                .secrets
                .iter()
                .filter(|(name, _)| declared(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            trust: Trust::Trusted,
            workspace: project.folder.clone(),
            state: self.folder.join("state"),
            engine: Endpoint::find(&Surroundings::default()),
            compiler: Some(directories::compiler()),
            scripts: directories::scripts(&self.context.environment),
            jobs: 1,
            only: Vec::new(),
            resume: None,
        };
        let listener = move |event: &TimedEvent| report.tell(event);
        match capstep_engine::run(settings, listener, self.cancel.clone()).await {
            Ok(result) => Ok(result.outcome),
            Err(RunError::Cancelled) => Ok(Outcome::Cancelled),
            Err(error) => Err(could_not_begin(error, &project, exit::INTERRUPTED)),
        }
    }
}
