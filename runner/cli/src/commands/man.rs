//! `capstep man`

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_mangen::Man;

use crate::context::Context;
use crate::error::CliError;
use crate::exit;

/// Print the manual page, or write one for each command to a folder.
///
/// What they say is what `--help` says.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep man | man -l -
  capstep man ~/.local/share/man/man1")]
pub(crate) struct Arguments {
    /// The folder, which is there; without it, the page of `capstep` itself goes to standard output.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let command = crate::arguments::Arguments::command();
    match &arguments.folder {
        None => {
            let mut page = Vec::new();
            Man::new(command)
                .render(&mut page)
                .map_err(|error| CliError::infrastructure(format!("no manual page: {error}")))?;
            context.printer.data(&String::from_utf8_lossy(&page))?;
        }
        Some(folder) => {
            let shown = folder.display();
            let folder = context.folder.join(folder);
            if !folder.is_dir() {
                return Err(CliError::usage(format!("`{shown}` is no folder"))
                    .hint("make it first, or name another"));
            }
            clap_mangen::generate_to(command, &folder).map_err(|error| {
                CliError::infrastructure(format!("`{shown}` can't be written to: {error}"))
            })?;
        }
    }
    Ok(exit::PASSED)
}
