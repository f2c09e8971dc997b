//! Checks everything that can be seen, then has the host write the file.

use capstep_sdk::Failure;
use capstep_sdk::files::{EntriesOptions, Files, Written};
use capstep_sdk::log::Log;
use capstep_sdk::secrets::has_placeholder;

use crate::inputs::{Format, Inputs, Outputs};
use crate::problem::{failure, variable};
use crate::{checks, mode, schema};

/// Writes the file. The log has names and counts, never a value.
///
/// # Errors
/// Of the kind `invalid` and before anything is written: all that is wrong with the variables. Then what writing fails
/// with, such as a value that the format can't hold.
pub fn run(host: &(impl Files + Log), inputs: Inputs) -> Result<Outputs, Failure> {
    let mode = mode::parse(&inputs.mode)?;
    if inputs.header.is_some() && inputs.format == Format::Json {
        return Err(Failure::invalid("header: `format: json` has no comments"));
    }
    check(host, &inputs)?;
    let values: Vec<String> = inputs
        .vars
        .keys()
        .map(|name| variable(name).to_string())
        .collect();
    let options = EntriesOptions {
        comment: inputs.header.clone(),
        mode: Some(mode),
        strip_cr: inputs.strip_cr,
    };
    let written = host
        .write_entries("/file", inputs.format.word(), &values, &options)
        .map_err(|error| {
            Failure::from(error).while_doing(format_args!("writing {}", inputs.file))
        })?;
    tell(host, &inputs, &written);
    Ok(Outputs {
        file: inputs.file,
        entries: written.entries,
        changed: written.changed,
    })
}

fn check(host: &impl Log, inputs: &Inputs) -> Result<(), Failure> {
    let mut problems = checks::presence(inputs);
    match &inputs.schema {
        Some(rules) => {
            let is_plain = |value: &str| !has_placeholder(value);
            problems.extend(schema::check(
                &inputs.vars,
                rules,
                inputs.deny_unknown,
                is_plain,
            )?);
            let unseen = rules
                .keys()
                .filter(|name| inputs.vars.get(*name).is_some_and(|value| !is_plain(value)));
            for name in unseen {
                host.debug(format_args!("{name}: a secret; its schema is not checked"));
            }
        }
        None if inputs.deny_unknown => {
            return Err(Failure::invalid(
                "deny-unknown: there is no `schema` that could know a name",
            ));
        }
        None => {}
    }
    match failure(&problems) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

fn tell(host: &impl Log, inputs: &Inputs, written: &Written) {
    let count = match written.entries {
        1 => "1 variable".to_owned(),
        count => format!("{count} variables"),
    };
    let sealed = if written.sealed { ", sealed" } else { "" };
    let changed = if written.changed { "" } else { ", unchanged" };
    let format = inputs.format.word();
    host.info(format_args!(
        "{}: {count} ({format}, {} B{sealed}{changed})",
        inputs.file, written.size
    ));
    for name in inputs.vars.keys() {
        host.debug(name);
    }
}
