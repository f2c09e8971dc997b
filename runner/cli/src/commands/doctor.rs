//! `capstep doctor`

use clap::Args;

use crate::arguments::Format;
use crate::context::Context;
use crate::doctor;
use crate::error::CliError;
use crate::{exit, show};

/// Look at what this machine has of what runs need. Changes nothing.
///
/// A *problem* keeps runs from working: a folder that can't be written to, a cache that others could write to. A *note* is
/// worth knowing: what needs it can't be used, everything else works.
///
/// Exits with 0 where there is no problem, with 4 where there is one.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep doctor
  capstep doctor --format json | jq '.checks[] | select(.state != \"good\")'")]
pub(crate) struct Arguments {
    /// How it is written. JSON follows `capstep schema doctor`.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let findings = doctor::look(context);
    match arguments.format {
        Format::Json => context.printer.data(&super::json(&findings)?)?,
        Format::Text => {
            let text = show::doctor(&findings, context.printer.data);
            context.printer.page(&text)?;
        }
    }
    Ok(if findings.healthy {
        exit::PASSED
    } else {
        exit::INFRASTRUCTURE
    })
}
