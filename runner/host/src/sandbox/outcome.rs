//! How a run ended.

use std::time::Duration;

use serde_json::{Map, Value};

/// How a run ended, and what it took.
#[derive(Debug)]
pub struct RunReport {
    /// How it ended.
    pub outcome: RunOutcome,
    /// What it took.
    pub stats: RunStats,
}

/// What a run took.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunStats {
    /// The most memory in use, all linear memories together, in bytes.
    pub peak_memory: u64,
    /// From the call to the end.
    pub duration: Duration,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum RunOutcome {
    /// The plugin gave its outputs.
    Finished {
        /// By name.
        outputs: Map<String, Value>,
    },
    /// A plain program ended by itself.
    Exited {
        /// Its exit code.
        code: i32,
        /// What it wrote to standard output, as far as it was kept.
        stdout: Vec<u8>,
        /// Whether it wrote more than was kept.
        truncated: bool,
    },
    /// The plugin says that it failed.
    Failed(Failure),
    /// The plugin did what a program must not.
    Trapped {
        /// What, and in which of its functions.
        message: String,
    },
    /// The plugin wanted more memory than it may have, and then trapped.
    OutOfMemory {
        /// In bytes.
        limit: usize,
    },
    /// The time was up.
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The run was cancelled, and did not finish within the grace or failed in it.
    Cancelled,
    /// The plugin does not keep to the interface.
    ProtocolError {
        /// What is wrong, for the plugin's author.
        message: String,
    },
    /// A fault of this program's, not of the plugin.
    HostFault {
        /// What is known of it.
        message: String,
    },
}

/// Why a step failed, as its plugin tells it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Failure {
    /// A sentence for people.
    pub message: String,
    /// The kind of the call that failed, where one did.
    pub kind: Option<String>,
    /// More; a text where the plugin gave something that is no JSON.
    pub details: Option<Value>,
}
