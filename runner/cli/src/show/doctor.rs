//! What a machine has of what runs need, for people.

use super::table::{pad, width_of};
use crate::doctor::{CheckState, Findings};
use crate::printer::{Look, Style};

/// The checks below the parts that they belong to.
pub(crate) fn doctor(findings: &Findings, look: Look) -> String {
    let names = findings.checks.iter().map(|check| width_of(check.name));
    let width = names.max().unwrap_or(0);
    let mut text = String::new();
    let mut last = None;
    for check in &findings.checks {
        if last != Some(check.part) {
            if last.is_some() {
                text.push('\n');
            }
            text.push_str(&format!("{}\n", look.paint(Style::Strong, check.part)));
            last = Some(check.part);
        }
        let (word, style) = match check.state {
            CheckState::Good => ("good", Style::Good),
            CheckState::Note => ("note", Style::Notice),
            CheckState::Problem => ("problem", Style::Bad),
        };
        text.push_str(&format!(
            "  {}  {}  {}\n",
            look.paint(style, pad(word, "problem".len())),
            pad(check.name, width),
            check.found
        ));
        if let Some(hint) = &check.hint {
            let margin = " ".repeat(width + "problem".len() + 6);
            let label = look.paint(Style::Name, "hint:");
            text.push_str(&format!("{margin}{label} {hint}\n"));
        }
    }
    text
}
