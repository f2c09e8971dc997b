//! Who hears what a step says. Everything that comes here is masked and clean: see `step::voice`.

use capstep_grants::check::Denial;

use crate::protocol::{Annotation, Level, Progress};

/// The listener of one step.
pub trait StepObserver: Send + Sync + 'static {
    /// A line of the log.
    fn line(&self, level: Level, text: &str);
    /// A group opens.
    fn group(&self, title: &str);
    /// The innermost group closes.
    fn end_group(&self);
    /// The step has come this far.
    fn progress(&self, progress: &Progress);
    /// Something to show beside a line of a file.
    fn annotate(&self, annotation: &Annotation);
    /// A rule stopped something: the step will fail.
    fn denied(&self, denial: &Denial);
}
