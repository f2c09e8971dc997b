//! The log.

use super::Guest;
use crate::bindings::capstep::step::log;
use crate::log::{Annotation, Level, Log, Progress};

impl Log for Guest {
    fn line(&self, level: Level, message: &str) {
        log::line(level, message);
    }

    fn group(&self, title: &str) {
        log::group(title);
    }

    fn end_group(&self) {
        log::end_group();
    }

    fn progress(&self, progress: &Progress) {
        log::progress(progress);
    }

    fn annotate(&self, annotation: &Annotation) {
        log::annotate(annotation);
    }
}
