//! Writing: what all formats share, and one module for each format's own rules.

mod comment;
mod compose;
mod docker;
mod json;
mod shell;

use std::collections::HashSet;

use zeroize::Zeroizing;

use crate::secret_text::SecretText;
use crate::{EncodeError, EncodeOptions, Entry, EnvFormat, name};

/// Room for a line's `=`, quotes and line feed, for sizing the buffer once.
const LINE_OVERHEAD: usize = 16;

/// Writes `entries`, in their order, as a file for the reader of `format`. The text ends with a
/// line feed unless it is empty.
///
/// # Errors
///
/// A name that the reader doesn't take, a name given twice, or a value that the format can't hold.
/// The first such entry is reported; the error never holds a value.
pub fn encode(
    format: EnvFormat,
    entries: &[Entry<'_>],
    options: &EncodeOptions,
) -> Result<Zeroizing<String>, EncodeError> {
    let mut seen = HashSet::new();
    for entry in entries {
        name::check(format, entry.name)?;
        if !seen.insert(entry.name) {
            return Err(EncodeError::new(
                entry.name,
                "the name is given twice",
                "remove one of the two: readers don't agree on which one counts",
            ));
        }
    }
    let values: Vec<Value<'_>> = entries.iter().map(|e| Value::of(e, options)).collect();
    let lines: Vec<Entry<'_>> = entries
        .iter()
        .zip(&values)
        .map(|(entry, value)| Entry {
            name: entry.name,
            value: value.as_str(),
        })
        .collect();

    let size = lines.iter().fold(0_usize, |size, line| {
        size.saturating_add(line.name.len() + line.value.len() + LINE_OVERHEAD)
    });
    let mut out = SecretText::with_capacity(size);
    if let Some(text) = options.comment.as_deref()
        && format != EnvFormat::Json
    {
        comment::write(text, &mut out);
    }
    match format {
        EnvFormat::Compose => compose::write(&lines, &mut out)?,
        EnvFormat::Docker => docker::write(&lines, &mut out)?,
        EnvFormat::Shell => shell::write(&lines, &mut out)?,
        EnvFormat::Json => json::write(&lines, &mut out),
    }
    Ok(out.into_inner())
}

/// A value as given, or a wiped copy of it without carriage returns.
enum Value<'a> {
    Given(&'a str),
    Stripped(Zeroizing<String>),
}

impl<'a> Value<'a> {
    fn of(entry: &Entry<'a>, options: &EncodeOptions) -> Self {
        if !options.strip_cr || !entry.value.contains('\r') {
            return Self::Given(entry.value);
        }
        let mut text = SecretText::with_capacity(entry.value.len());
        for part in entry.value.split('\r') {
            text.push_str(part);
        }
        Self::Stripped(text.into_inner())
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Given(value) => value,
            Self::Stripped(value) => value,
        }
    }
}

/// Refuses a NUL, which no environment variable and no reader but JSON's can hold.
fn refuse_nul(entry: &Entry<'_>, format: EnvFormat) -> Result<(), EncodeError> {
    if entry.value.contains('\0') {
        return Err(EncodeError::new(
            entry.name,
            format!("the value holds a NUL, which the {format} format can't hold"),
            "no environment variable can hold a NUL: encode the value (as base64, say), \
             or use the json format",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
