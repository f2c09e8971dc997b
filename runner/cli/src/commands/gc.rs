//! `capstep gc`

use std::time::Duration;

use capstep_pipeline::{parse_duration, parse_size};
use clap::Args;

use crate::arguments::Format;
use crate::context::Context;
use crate::error::CliError;
use crate::gc::{self, Keep};
use crate::{exit, show};

/// Remove old runs, what killed runs left, and compiled plugins and caches beyond a size.
///
/// A run is kept while it is among the newest of its project, or younger than the limit, or under way: that is told by its
/// lock, never by its age. Compiled plugins go from the one used longest ago; what is needed again is compiled again.
/// Caches (`cache` of jobs) go where they were not used for long, and from the one used longest ago until the others of their
/// project are small enough; trusted and untrusted runs have theirs apart. The memory of sealed files is never removed.
///
/// Exits with 4 where something could not be removed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep gc --dry-run
  capstep gc --keep 5 --older-than 7d
  capstep gc --cache-size 0B      # compiled plugins, all of them
  capstep gc --caches-size 4GiB --caches-unused 7d")]
pub(crate) struct Arguments {
    /// Only say what would be removed.
    #[arg(long)]
    dry_run: bool,
    /// How many runs of each project are kept, the newest.
    #[arg(long, value_name = "N", default_value_t = 20)]
    keep: usize,
    /// Of the others, those older than this go: `12h`, `30d`.
    #[arg(long, value_name = "AGE", default_value = "30d", value_parser = age)]
    older_than: Duration,
    /// How large the compiled plugins may be together: `512MiB`.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = size)]
    cache_size: u64,
    /// How large the caches of each project may be together: `4GiB`.
    #[arg(long, value_name = "SIZE", default_value = "16GiB", value_parser = size)]
    caches_size: u64,
    /// Caches that were not used for so long go: `7d`.
    #[arg(long, value_name = "AGE", default_value = "30d", value_parser = age)]
    caches_unused: Duration,
    /// How it is written. JSON follows `capstep schema gc`.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let keep = Keep {
        newest: arguments.keep,
        younger: arguments.older_than,
        cache: arguments.cache_size,
        cached: arguments.caches_size,
        unused: arguments.caches_unused,
    };
    let removal = gc::collect(context, &keep, arguments.dry_run)?;
    match arguments.format {
        Format::Json => context.printer.data(&super::json(&removal)?)?,
        Format::Text => {
            let text = show::gc(&removal, context.printer.data);
            context.printer.page(&text)?;
        }
    }
    Ok(if removal.failed.is_empty() {
        exit::PASSED
    } else {
        exit::INFRASTRUCTURE
    })
}

fn age(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

fn size(text: &str) -> Result<u64, String> {
    parse_size(text).map_err(|error| error.to_string())
}
