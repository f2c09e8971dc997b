//! `capstep schema`

use capstep_engine::TimedEvent;
use capstep_grants::plan::Plan;
use capstep_host::protocol::{Answer, Call, VerbError};
use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde_json::Value;

use crate::context::Context;
use crate::error::CliError;
use crate::exit;

/// Print the JSON Schema of a file or message, for editors and other programs.
///
/// The schemas are made from the types that this very program reads and writes.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep schema pipeline > capstep.schema.json
  # then, at the top of capstep.yml:
  # yaml-language-server: $schema=capstep.schema.json")]
pub(crate) struct Arguments {
    /// Of what.
    #[arg(value_enum)]
    of: Of,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Of {
    /// `capstep.yml`.
    Pipeline,
    /// A plugin's `plugin.toml`.
    Manifest,
    /// What `capstep plan --format json` writes.
    Plan,
    /// A line of what `capstep run --format json` writes.
    Events,
    /// What plugins with `abi = "command"` say and are told.
    Protocol,
}

/// What crosses between the host and a plugin, as JSON.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
#[serde(untagged)]
enum Protocol {
    /// What the plugin asks: a request's `method` and `params`.
    Call(Call),
    /// What it is told: the response's `result`, by method.
    Answer(Answer),
    /// Why a call did not work: the response's `error.data`.
    Error(VerbError),
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let schema = match arguments.of {
        Of::Pipeline => capstep_pipeline::pipeline_schema(),
        Of::Manifest => capstep_grants::manifest::manifest_schema(),
        Of::Plan => titled(schemars::schema_for!(Plan), "A capstep plan"),
        Of::Events => titled(
            schemars::schema_for!(TimedEvent),
            "An event of a capstep run",
        ),
        Of::Protocol => titled(
            schemars::schema_for!(Protocol),
            "The capstep command protocol",
        ),
    };
    context.printer.data(&super::json(&schema)?)?;
    Ok(exit::PASSED)
}

fn titled(schema: schemars::Schema, title: &str) -> Value {
    let mut schema = schema.to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), title.into());
    }
    schema
}
