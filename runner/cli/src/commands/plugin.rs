//! `capstep plugin`

use capstep_registry::Registry;
use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::CliError;
use crate::{exit, show};

/// List, inspect and pack plugins.
///
/// A plugin is what a step `uses`: built in, or a `.wasm` file in the pipeline's folder.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  capstep plugin list
  capstep plugin inspect ssh-deploy
  capstep plugin pack count.wasm --manifest plugin.toml")]
pub(crate) enum Command {
    /// List the built-in plugins.
    ///
    /// Each with its version and what it does: what `uses` may name in any pipeline.
    #[command(after_long_help = "\
Examples:
  capstep plugin list
  capstep plugin list | grep ssh")]
    List,
    Inspect(InspectArguments),
    Pack(super::pack::Arguments),
}

/// Show what a plugin takes, what it asks for and what it gives. Runs nothing.
///
/// For each input: its type, the access that handing it over grants, where a secret in it goes, and what the host reads
/// it for. Below are fixed requirements, outputs and the interfaces that the plugin imports: what it doesn't import it
/// can't call.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep plugin inspect ssh-deploy
  capstep plugin inspect ./plugins/scan.wasm")]
pub(crate) struct InspectArguments {
    /// A built-in plugin's name, or a `.wasm` file in the current folder or below.
    #[arg(value_name = "NAME|FILE")]
    plugin: String,
}

pub(crate) fn run(command: &Command, context: &Context) -> Result<u8, CliError> {
    let registry = Registry::new(&context.folder);
    let text = match command {
        Command::List => {
            let mut plugins = Vec::new();
            for name in Registry::built_in_names() {
                plugins.push(find(&registry, name)?);
            }
            show::plugin_list(&plugins, context.printer.data)
        }
        Command::Inspect(arguments) => {
            let plugin = find(&registry, &arguments.plugin)?;
            let shape = plugin
                .shape()
                .map_err(|error| CliError::pipeline(error.to_string()))?;
            show::plugin(&plugin, &shape, context.printer.data)
        }
        Command::Pack(arguments) => return super::pack::run(arguments, context),
    };
    context.printer.page(&text)?;
    Ok(exit::PASSED)
}

fn find(
    registry: &Registry,
    name: &str,
) -> Result<std::sync::Arc<capstep_registry::Plugin>, CliError> {
    registry
        .resolve_alone(name)
        .map_err(|problem| CliError::usage(problem.message).maybe_hint(problem.help))
}
