//! Layers on their way.

use std::sync::Arc;

use crate::message::Message;

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
    pub(crate) fn of(message: &Message) -> Option<Self> {
        let progress = message.progress.as_ref();
        Some(Self {
            layer: message.id.clone(),
            status: message.status.clone()?,
            current: progress.and_then(|progress| progress.current),
            total: progress.and_then(|progress| progress.total),
        })
    }
}
