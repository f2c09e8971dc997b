//! The commands, one file each.

mod again;
pub(crate) mod completions;
#[cfg(feature = "demo")]
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod environments;
pub(crate) mod gc;
pub(crate) mod lint;
pub(crate) mod man;
mod pack;
pub(crate) mod plan;
pub(crate) mod plugin;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod secret;
pub(crate) mod show;
pub(crate) mod why;

use crate::arguments::Command;
use crate::context::Context;
use crate::error::CliError;

/// Runs a command; gives its exit code.
pub(crate) fn run(command: &Command, context: &Context) -> Result<u8, CliError> {
    match command {
        Command::Run(arguments) => run::run(arguments, context),
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => demo::run(arguments, context),
        Command::Lint(arguments) => lint::run(arguments, context),
        Command::Plan(arguments) => plan::run(arguments, context),
        Command::Environments(arguments) => environments::run(arguments, context),
        Command::Runs(arguments) => runs::run(arguments, context),
        Command::Show(arguments) => show::run(arguments, context),
        Command::Why(arguments) => why::run(arguments, context),
        Command::Plugin(command) => plugin::run(command, context),
        Command::Schema(arguments) => schema::run(arguments, context),
        Command::Secret(command) => secret::run(command, context),
        Command::Doctor(arguments) => doctor::run(arguments, context),
        Command::Gc(arguments) => gc::run(arguments, context),
        Command::Completions(arguments) => completions::run(arguments, context),
        Command::Man(arguments) => man::run(arguments, context),
    }
}

/// A value as JSON for programs: pretty, with a line end.
fn json(value: &impl serde::Serialize) -> Result<String, CliError> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::infrastructure(format!("can't write JSON: {error}")))?;
    text.push('\n');
    Ok(text)
}
