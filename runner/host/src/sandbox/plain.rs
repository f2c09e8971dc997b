//! Where the output of programs goes that know nothing of the host.

use std::sync::{Arc, Mutex, PoisonError};

use super::host::{OutputStream, StepHost};
use super::limits;
use super::wasi::stdio::Sink;

/// A stream that goes to the step's log.
pub(crate) struct Log {
    host: Arc<dyn StepHost>,
    stream: OutputStream,
}

impl Log {
    pub(crate) fn sink(host: &Arc<dyn StepHost>, stream: OutputStream) -> Arc<dyn Sink> {
        Arc::new(Self {
            host: Arc::clone(host),
            stream,
        })
    }
}

impl Sink for Log {
    fn write(&self, bytes: &[u8]) {
        self.host.output(self.stream, bytes);
    }
}

/// A standard output that goes to the log and is kept, up to a limit.
pub(crate) struct Capture {
    host: Arc<dyn StepHost>,
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    truncated: bool,
}

impl Capture {
    pub(crate) fn new(host: &Arc<dyn StepHost>, limit: usize) -> Arc<Self> {
        Arc::new(Self {
            host: Arc::clone(host),
            limit: limit.min(limits::STDOUT_CAPTURE),
            kept: Mutex::default(),
        })
    }

    /// What was kept, and whether there was more.
    pub(crate) fn take(&self) -> (Vec<u8>, bool) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        (kept.bytes, kept.truncated)
    }
}

impl Sink for Capture {
    fn write(&self, bytes: &[u8]) {
        self.host.output(OutputStream::Stdout, bytes);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.limit.saturating_sub(kept.bytes.len());
        kept.truncated |= bytes.len() > room;
        kept.bytes.extend(bytes.iter().take(room));
    }
}
