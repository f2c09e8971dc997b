//! What happens in a job outside its steps.

use capstep_engine::Level;

use super::super::cached;
use super::TextReport;
use crate::printer::Style;

impl TextReport {
    pub(super) fn cached(&self, told: &cached::Told<'_>) -> String {
        let (label, faint) = match told.level {
            Level::Debug if !self.verbose => return String::new(),
            Level::Debug | Level::Info => ("".into(), true),
            Level::Warn => (self.look.paint(Style::Notice, "warning: "), false),
            Level::Error => (self.look.paint(Style::Bad, "error: "), false),
        };
        let mut lines = String::new();
        for (place, part) in told.text.lines().enumerate() {
            let part = match faint {
                true => self.look.paint(Style::Faint, part),
                false => part.into(),
            };
            let label = if place == 0 { label.as_ref() } else { "" };
            lines.push_str(&self.of_job(told.job, &format!("     {label}{part}")));
        }
        lines
    }
}
