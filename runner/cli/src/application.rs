//! From the command line to the exit code.

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::context::Context;
use crate::error::CliError;
use crate::{commands, exit, show};

/// Runs the program.
pub(crate) fn start() -> ExitCode {
    let (context, ended) = match Arguments::try_parse() {
        Ok(arguments) => {
            let context = Context::of_process(arguments.no_color);
            let ended = commands::run(&arguments.command, &context);
            (context, ended)
        }
        Err(message) => {
            let no_color = std::env::args_os().any(|argument| argument == "--no-color");
            let context = Context::of_process(no_color);
            let ended = show_usage(&message, &context);
            (context, ended)
        }
    };
    let code = ended.unwrap_or_else(|error| {
        context
            .printer
            .people(&show::error(&error, context.printer.people));
        error.exit_code()
    });
    ExitCode::from(code)
}

/// Help and version are what was asked for, and so data; anything else is a mistake in the command line.
fn show_usage(message: &clap::Error, context: &Context) -> Result<u8, CliError> {
    let text = message.render();
    if message.use_stderr() {
        let coloured = context.printer.people.colour;
        let text = if coloured {
            text.ansi().to_string()
        } else {
            text.to_string()
        };
        context.printer.people(&text);
        Ok(exit::USAGE)
    } else {
        let coloured = context.printer.data.colour;
        let text = if coloured {
            text.ansi().to_string()
        } else {
            text.to_string()
        };
        context.printer.data(&text)?;
        Ok(exit::PASSED)
    }
}
