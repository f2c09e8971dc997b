//! Events on their way: to the listener, and to `events.jsonl`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::{Mutex, PoisonError};

use crate::event::{Event, TimedEvent};

/// Whoever shows a run.
pub(crate) type Listener = Box<dyn FnMut(&TimedEvent) + Send>;

/// Hands events on, one after the other: a slow listener slows the run down rather than let events pile up.
pub(crate) struct Emitter {
    inner: Mutex<Inner>,
}

struct Inner {
    listener: Listener,
    file: BufWriter<File>,
}

impl Emitter {
    pub(crate) fn new(listener: Listener, file: File) -> Self {
        Self {
            inner: Mutex::new(Inner {
                listener,
                file: BufWriter::new(file),
            }),
        }
    }

    pub(crate) fn emit(&self, event: Event) {
        let timed = TimedEvent {
            time: jiff::Timestamp::now().to_string(),
            event,
        };
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        // The record for people is best effort: a full disk must not fail a deploy that works. Effects are in the
        // journal, which is not best effort.
        let _ = serde_json::to_writer(&mut inner.file, &timed);
        let _ = inner.file.write_all(b"\n");
        if matches!(
            timed.event,
            Event::StepFinished { .. }
                | Event::Denied { .. }
                | Event::RunFinished { .. }
                | Event::RunStarted { .. }
        ) {
            let _ = inner.file.flush();
        }
        (inner.listener)(&timed);
    }
}
