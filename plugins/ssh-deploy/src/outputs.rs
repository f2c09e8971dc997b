//! What the step gives; `plugin.toml` documents each.

use serde::Serialize;

/// The outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outputs {
    /// The release that is now current, on the last host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Files copied, over all hosts.
    pub uploaded: u64,
    /// Files that were there already, over all hosts.
    pub unchanged: u64,
    /// Each host's part.
    pub hosts: Vec<HostResult>,
}

/// What was done on one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostResult {
    /// The account and host.
    pub target: String,
    /// Files copied.
    pub uploaded: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// Files that were there already.
    pub unchanged: u64,
    /// The release that is now current.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The release that was current before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Releases that were removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pruned: Vec<String>,
    /// The script's exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u32>,
}

impl From<Vec<HostResult>> for Outputs {
    fn from(hosts: Vec<HostResult>) -> Self {
        Self {
            release: hosts.last().and_then(|host| host.release.clone()),
            uploaded: hosts.iter().map(|host| host.uploaded).sum(),
            unchanged: hosts.iter().map(|host| host.unchanged).sum(),
            hosts,
        }
    }
}
