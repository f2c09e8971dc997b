//! Layers on their way.

use std::sync::Arc;

use bollard::models::ProgressDetail;

/// What a layer, or the whole, is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerProgress {
    /// The layer's short id; none where it is about the whole.
    pub layer: Option<String>,
    /// The engine's words: `Pushing`, `Layer already exists`, `Pull complete`.
    pub status: String,
    /// Bytes done.
    pub current: Option<u64>,
    /// Bytes in all.
    pub total: Option<u64>,
}

/// Who is told.
pub type LayerListener = Arc<dyn Fn(LayerProgress) + Send + Sync>;

impl LayerProgress {
    /// None where a line says nothing about a layer.
    pub(crate) fn of(
        layer: Option<String>,
        status: Option<String>,
        progress: Option<&ProgressDetail>,
    ) -> Option<Self> {
        let bytes = |count: Option<i64>| u64::try_from(count?).ok();
        Some(Self {
            layer,
            status: status?,
            current: bytes(progress.and_then(|progress| progress.current)),
            total: bytes(progress.and_then(|progress| progress.total)),
        })
    }
}
