//! What was removed, for people.

use crate::error::count;
use crate::gc::{Removal, RemovedKind, bytes};
use crate::printer::{Look, Style};

/// A line for each thing, and a sum.
pub(crate) fn gc(removal: &Removal, look: Look) -> String {
    let mut text = String::new();
    for removed in &removal.removed {
        let kind = match removed.kind {
            RemovedKind::Run => "run",
            RemovedKind::Leftover => "leftover",
            RemovedKind::Compiled => "compiled",
            RemovedKind::Cached => "cached",
        };
        let size = bytes(removed.bytes);
        text.push_str(&format!(
            "{}  {}  {}\n",
            look.paint(Style::Name, format!("{kind:8}")),
            removed.path.display(),
            look.paint(Style::Faint, size)
        ));
    }
    for failed in &removal.failed {
        let line = format!(
            "{} can't be removed: {}",
            failed.path.display(),
            failed.message
        );
        text.push_str(&format!("{}\n", look.paint(Style::Bad, line)));
    }
    let number = |kind| {
        removal
            .removed
            .iter()
            .filter(|removed| removed.kind == kind)
            .count()
    };
    let verb = match removal.dry_run {
        true => "would remove",
        false => "removed",
    };
    text.push_str(&format!(
        "{verb} {}, {}, {}, {}: {}\n",
        count(number(RemovedKind::Run), "run"),
        count(number(RemovedKind::Leftover), "leftover"),
        count(number(RemovedKind::Compiled), "compiled plugin"),
        count(number(RemovedKind::Cached), "cache"),
        bytes(removal.bytes)
    ));
    text
}
