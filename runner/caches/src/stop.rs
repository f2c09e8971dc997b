//! How work is ended early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Told from elsewhere that work is to end; looked at between two chunks.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Lets the work end.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
