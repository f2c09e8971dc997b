//! What became of a context on its way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::DockerError;

/// What of a context an engine was sent: all of it by the classic builder, what it lacked of what the Dockerfile copies
/// by BuildKit. (The Dockerfile and the ignore file, which BuildKit fetches by themselves, don't count there.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContextSent {
    /// Files; folders and links are not counted.
    pub files: u64,
    /// The bytes of those files.
    pub bytes: u64,
}

/// Shared by who sends a context and who waits for the build.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome(Arc<State>);

#[derive(Debug, Default)]
struct State {
    failure: Mutex<Option<DockerError>>,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Outcome {
    /// What kept the context from its end, if something did. All that the engine and the connection tell then is that
    /// it broke off.
    pub(crate) fn failure(&self) -> Option<DockerError> {
        self.0
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The first failure is the one that counts.
    pub(crate) fn fail(&self, error: DockerError) {
        self.0
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
    }

    /// A file of this many bytes was sent.
    pub(crate) fn count(&self, bytes: u64) {
        self.0.files.fetch_add(1, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What was sent so far.
    pub(crate) fn sent(&self) -> ContextSent {
        ContextSent {
            files: self.0.files.load(Ordering::Relaxed),
            bytes: self.0.bytes.load(Ordering::Relaxed),
        }
    }
}
