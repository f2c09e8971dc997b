//! Ending a run early, in two steps.

use tokio_util::sync::CancellationToken;

/// The first request lets steps tidy up, the second stops at once.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    /// Pending operations end with `cancelled`, no further step starts, running steps have a grace.
    pub soft: CancellationToken,
    /// The run ends now.
    pub hard: CancellationToken,
}
