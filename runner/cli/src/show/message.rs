//! Errors, with what might help.

use super::diagnostics;
use crate::error::CliError;
use crate::printer::{Look, Style};

/// The mistakes in the file, if it is about one, then `error: …` and a line for each hint.
pub(crate) fn error(error: &CliError, look: Look) -> String {
    let mut text = match &error.located {
        Some(located) => diagnostics(&located.source, &located.diagnostics, look),
        None => String::new(),
    };
    let label = look.paint(Style::Bad, "error:");
    text.push_str(&format!("{label} {}\n", error.message));
    for hint in &error.hints {
        let label = look.paint(Style::Name, "hint:");
        text.push_str(&format!("{label} {hint}\n"));
    }
    text
}
