//! `capstep why`

use std::path::{Path, PathBuf};

use capstep_grants::{PathProblem, WorkspacePath};
use clap::Args;

use crate::arguments::{FileArgument, Format, VariableArguments};
use crate::context::Context;
use crate::error::CliError;
use crate::project::Project;
use crate::show::WhyAnswers;
use crate::values::{EnvFile, variables};
use crate::{exit, show};

/// Show which line of the pipeline lets which step touch a thing, and how. Runs nothing.
///
/// A thing is a host or an address (`registry.example.com`, `10.0.0.7:22`, `root@203.0.113.7`), a URL, a path of the
/// workspace or of a server (absolute), an image (`app:1`; without a tag all of them), or a secret's name. Of a host everything is shown that goes there: logins,
/// uploads, scripts, requests, secrets. Of a path the grants that contain it; of a folder also those within it. Names
/// are not resolved: an address is only found where an address is written.
///
/// Exits with 0 where a step may touch each of the things, with 1 where none may touch one of them.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep why 203.0.113.7
  capstep why DEPLOY_KEY .env
  capstep why --file ci/deploy.yml https://api.example.com/v2/items
  capstep why 169.254.169.254 || echo 'no step can'")]
pub(crate) struct Arguments {
    /// What is asked about.
    #[arg(value_name = "HOST|PATH|URL|IMAGE|SECRET", required = true)]
    things: Vec<String>,
    /// The pipeline; without it, the nearest `capstep.yml`.
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    variables: VariableArguments,
    /// How it is written. JSON follows `capstep schema why`.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let file = FileArgument {
        file: arguments.file.clone(),
    };
    let project = Project::read(context, &file)?;
    let env_file = EnvFile::read(context, arguments.variables.env_file.as_deref())?;
    let variables = variables::resolve(
        &project,
        &arguments.variables,
        &env_file,
        Some(&context.environment),
    )?;
    let (plan, _) = project.plan(&variables)?;
    let answers = WhyAnswers::new(&plan, &arguments.things, |asked| {
        local(&project.folder, asked)
    });
    match arguments.format {
        Format::Json => context.printer.data(&super::json(&answers)?)?,
        Format::Text => {
            let text = show::why(&answers, context.printer.data);
            context.printer.page(&text)?;
            for answer in answers
                .answers
                .iter()
                .filter(|found| found.lines.is_empty())
            {
                let hint = match &answer.did_you_mean {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => nowhere(&project, &answer.asked),
                };
                let text = format!("no step may touch `{}`: {hint}\n", answer.asked);
                context.printer.people(&text);
            }
        }
    }
    let found = answers
        .answers
        .iter()
        .all(|answer| !answer.lines.is_empty());
    Ok(if found { exit::PASSED } else { exit::FAILED })
}

/// The path of the workspace that an absolute path is. Links on the way to the pipeline's folder are followed, those in it
/// not: what is asked about need not be there.
fn local(folder: &Path, asked: &str) -> Option<WorkspacePath> {
    let asked = Path::new(asked.trim());
    if !asked.is_absolute() {
        return None;
    }
    let real = folder.canonicalize().ok();
    let below = asked
        .strip_prefix(folder)
        .ok()
        .or_else(|| asked.strip_prefix(real?).ok())?;
    let below = below.to_str()?;
    WorkspacePath::parse(if below.is_empty() { "." } else { below }).ok()
}

/// Why nothing is found, where more can be said than that.
fn nowhere(project: &Project, asked: &str) -> String {
    let pipeline = project.pipeline.as_ref();
    let declared = pipeline.is_some_and(|pipeline| {
        let mut names = pipeline.secrets.iter();
        names.any(|name| name.value == asked)
    });
    if declared {
        return "the secret is declared, and no step uses it".to_owned();
    }
    if WorkspacePath::parse(asked).is_err_and(|why| why == PathProblem::Reserved) {
        return "it is out of every step's reach, whatever the pipeline says".to_owned();
    }
    format!("no line of {} hands it to one", project.source.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_of_the_folder_are_paths_of_the_workspace() {
        let around = tempfile::tempdir().unwrap();
        let real = around.path().canonicalize().unwrap().join("real");
        let link = around.path().join("link");
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let check = |folder: &Path, asked: &Path, expected: Option<&str>| {
            let found = local(folder, asked.to_str().unwrap());
            let found = found.as_ref().map(WorkspacePath::as_str);
            assert_eq!(found, expected, "{} {}", folder.display(), asked.display());
        };
        check(&real, &real.join("web/a.txt"), Some("web/a.txt"));
        check(&real, &real, Some("."));
        check(&link, &link.join("a"), Some("a"));
        check(&link, &real.join("a"), Some("a"));
        check(&real, &around.path().join("other"), None);
        check(&real, &real.join("../x"), None);
        check(&real, &real.join(".git/config"), None);
        check(&real, Path::new("web/a.txt"), None);
    }
}
