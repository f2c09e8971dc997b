//! Bytes that flow between operations on the host, never through the plugin.

use tokio::sync::mpsc;

/// How many chunks may wait between a source and a sink: enough to keep both busy, little to hold in memory.
const CHUNKS_IN_FLIGHT: usize = 8;

/// Bytes on their way; an error ends them.
pub(crate) type Chunks = mpsc::Receiver<Result<Vec<u8>, String>>;

/// The writing end of a flow.
pub(crate) type FlowSink = mpsc::Sender<Result<Vec<u8>, String>>;

/// The reading end of a flow, taken once.
pub(crate) struct FlowSource(pub(crate) Chunks);

impl FlowSource {
    /// A flow's two ends.
    pub(crate) fn pair() -> (FlowSink, Self) {
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        (sender, Self(receiver))
    }
}
