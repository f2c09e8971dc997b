//! `--event`

use std::fs::File;
use std::io::Read as _;

use capstep_pipeline::expr::parse_json;
use serde_json::Value;

use crate::arguments::EventArgument;
use crate::context::Context;
use crate::error::CliError;

/// The largest event that is read, in bytes. Forges cap their webhooks at 25 MB, but the large ones are lists of
/// commits; what pipelines ask of an event is in its first kilobytes.
const MAX_EVENT_BYTES: u64 = 1024 * 1024;

/// Reads the event, if one was named: a JSON object.
pub(crate) fn read(context: &Context, argument: &EventArgument) -> Result<Option<Value>, CliError> {
    let Some(named) = &argument.event else {
        return Ok(None);
    };
    let shown = named.display();
    let unreadable = |error| CliError::usage(format!("`{shown}` can't be read: {error}"));
    let file = File::open(context.folder.join(named)).map_err(unreadable)?;
    let mut text = String::new();
    let mut limited = file.take(MAX_EVENT_BYTES + 1);
    limited.read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_EVENT_BYTES {
        return Err(CliError::usage(format!("`{shown}` is larger than 1 MiB")));
    }
    match parse_json(&text) {
        Ok(event @ Value::Object(_)) => Ok(Some(event)),
        Ok(_) => Err(CliError::usage(format!("`{shown}` is no JSON object"))
            .hint("an event is what a webhook sends: `{ \"ref\": \"refs/heads/main\" }`")),
        Err(problem) => Err(CliError::usage(format!("`{shown}` is not JSON: {problem}"))),
    }
}
