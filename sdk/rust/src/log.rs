//! What people read. The host masks lines and takes control characters out of them.

use std::fmt::Display;

pub use crate::bindings::capstep::step::log::{Annotation, Level};
pub use crate::bindings::capstep::step::types::Progress;

/// A host with a log.
pub trait Log {
    /// Writes a message; each of its lines is a line.
    fn line(&self, level: Level, message: &str);

    /// Opens a group; groups nest. [`Log::grouped`] closes it by itself.
    fn group(&self, title: &str);

    /// Closes the innermost group.
    fn end_group(&self);

    /// Shows how far the step has come.
    fn progress(&self, progress: &Progress);

    /// Points at a line of a file.
    fn annotate(&self, annotation: &Annotation);

    /// For those who look for a mistake.
    fn debug(&self, message: impl Display) {
        self.line(Level::Debug, &message.to_string());
    }

    /// For everyone.
    fn info(&self, message: impl Display) {
        self.line(Level::Info, &message.to_string());
    }

    /// Something is off, and the step goes on.
    fn warn(&self, message: impl Display) {
        self.line(Level::Warn, &message.to_string());
    }

    /// What made the step fail.
    fn error(&self, message: impl Display) {
        self.line(Level::Error, &message.to_string());
    }

    /// Does `work` with its lines in a group, which is closed however the work ends.
    fn grouped<T>(&self, title: &str, work: impl FnOnce() -> T) -> T {
        self.group(title);
        let result = work();
        self.end_group();
        result
    }
}
