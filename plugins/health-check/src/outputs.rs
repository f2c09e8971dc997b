//! What the step gives; `plugin.toml` documents each.

use serde::Serialize;

/// The outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outputs {
    /// Each target's part.
    pub results: Vec<TargetResult>,
    /// How many attempts there were.
    pub attempts: u32,
    /// How long it took, as a duration.
    pub waited: String,
}

/// What came of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TargetResult {
    /// The URL or address.
    pub target: String,
    /// Whether it is healthy.
    pub healthy: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// How long its last answer took, in milliseconds; none where there was no answer.
    pub latency_ms: Option<u64>,
    /// Its last HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}
