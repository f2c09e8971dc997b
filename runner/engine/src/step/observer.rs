//! Turns what a step says into events.

use std::sync::Arc;

use capstep_grants::check::Denial;
use capstep_host::observer::StepObserver;
use capstep_host::protocol::{Annotation, Level as HostLevel, Progress};

use crate::emitter::Emitter;
use crate::event::{Event, Level, StepRef};

/// Turns what a step says into events.
pub(super) struct Observer {
    pub(super) emitter: Arc<Emitter>,
    pub(super) at: StepRef,
}

fn level(level: HostLevel) -> Level {
    match level {
        HostLevel::Debug => Level::Debug,
        HostLevel::Info => Level::Info,
        HostLevel::Warn => Level::Warn,
        HostLevel::Error => Level::Error,
    }
}

impl StepObserver for Observer {
    fn line(&self, said: HostLevel, text: &str) {
        self.emitter.emit(Event::Line {
            at: self.at.clone(),
            level: level(said),
            text: text.to_owned(),
        });
    }

    fn group(&self, title: &str) {
        self.emitter.emit(Event::GroupOpened {
            at: self.at.clone(),
            title: title.to_owned(),
        });
    }

    fn end_group(&self) {
        self.emitter.emit(Event::GroupClosed {
            at: self.at.clone(),
        });
    }

    fn progress(&self, progress: &Progress) {
        self.emitter.emit(Event::Progress {
            at: self.at.clone(),
            what: progress.what.clone(),
            done: progress.done,
            total: progress.total,
        });
    }

    fn annotate(&self, annotation: &Annotation) {
        self.emitter.emit(Event::Annotation {
            at: self.at.clone(),
            level: level(annotation.level),
            message: annotation.message.clone(),
            file: annotation.file.clone(),
            line: annotation.line,
        });
    }

    fn denied(&self, denial: &Denial) {
        self.emitter.emit(Event::Denied {
            at: self.at.clone(),
            denial: denial.clone(),
        });
    }
}
