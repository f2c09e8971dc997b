//! What can be asked of the program.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::keyring::IdentityArgument;
use crate::{commands, exit};

/// Run jobs whose every step can do exactly what the pipeline hands to it, and nothing else.
///
/// A pipeline is a file, `capstep.yml`. Each of its steps names a plugin and the plugin's inputs. What a step may touch
/// follows from those inputs: handing `target: root@203.0.113.7` to a step is what lets it log in there, and nowhere
/// else. `capstep plan` shows it before anything runs; the sandbox enforces it while it runs.
#[derive(Debug, Parser)]
#[command(
    name = "capstep",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_long_help = format!("\
Examples:
  capstep demo                    # see it work, on this machine alone
  capstep lint && capstep plan    # in the folder of a `capstep.yml`
  capstep run
  capstep show

{}", exit::help()),
    max_term_width = 100
)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// No colours, even on a terminal.
    ///
    /// The environment variable `NO_COLOR` does the same. Where output is no terminal there are none anyway.
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(commands::run::Arguments),
    Plan(commands::plan::Arguments),
    Lint(commands::lint::Arguments),
    Why(commands::why::Arguments),
    Runs(commands::runs::Arguments),
    Show(commands::show::Arguments),
    Environments(commands::environments::Arguments),
    #[command(subcommand)]
    Plugin(commands::plugin::Command),
    #[command(subcommand)]
    Secret(commands::secret::Command),
    Schema(commands::schema::Arguments),
    Doctor(commands::doctor::Arguments),
    Gc(commands::gc::Arguments),
    Completions(commands::completions::Arguments),
    Man(commands::man::Arguments),
    #[cfg(feature = "demo")]
    Demo(commands::demo::Arguments),
}

/// Which pipeline is meant.
#[derive(Debug, Args)]
pub(crate) struct FileArgument {
    /// The pipeline; without it, the nearest `capstep.yml`.
    ///
    /// It is looked for in the current folder, then upward to the repository's root (the folder with `.git` in it) and
    /// no further. Paths in the pipeline are relative to its own folder.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Values for the pipeline's variables.
#[derive(Debug, Default, Args)]
pub(crate) struct VariableArguments {
    /// A value for one of the pipeline's `vars`; may be given several times.
    ///
    /// It wins over `--env-file`, which wins over the environment variable of that name, which wins over the
    /// pipeline's own default. What is given here counts as written in the pipeline.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
    /// A `.env` file with values for `vars` and `secrets`.
    ///
    /// Read as Docker Compose reads it, but `$NAME` is an error: nothing is interpolated. Only names that the pipeline
    /// declares are taken from it.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

/// What the run is about.
#[derive(Debug, Default, Args)]
pub(crate) struct EventArgument {
    /// A JSON file with what happened: what `event` is in expressions. At most 1 MiB.
    ///
    /// A webhook's body, say. Whoever sends it decides what is in it, so a value of it that carries authority must be
    /// bounded in the pipeline. Without this there is nothing in `event`.
    #[arg(long, value_name = "FILE")]
    pub(crate) event: Option<PathBuf>,
}

/// Values for the pipeline's secrets.
#[derive(Debug, Default, Args)]
pub(crate) struct SecretArguments {
    /// Where one of the pipeline's `secrets` comes from; may be given several times.
    ///
    /// `file:PATH` is a file's content without one line end at its end, `env:VAR` an environment variable, `age:FILE` the
    /// value that `capstep secret set NAME` keeps in an age-encrypted file. Without this,
    /// a secret comes from `--env-file`, else from the environment variable of its own name. The value itself never
    /// stands on a command line, where every user of the machine could read it.
    #[arg(long = "secret", value_name = "NAME=SOURCE")]
    pub(crate) secrets: Vec<String>,
    #[command(flatten)]
    pub(crate) identity: IdentityArgument,
}

/// How results are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs, to standard output.
    Json,
}

#[cfg(test)]
mod tests;
