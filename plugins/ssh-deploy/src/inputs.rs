//! What the step takes; `plugin.toml` documents each.

use std::collections::BTreeMap;

use capstep_sdk::{Duration, List};
use serde::{Deserialize, Serialize};

/// The inputs. Those that the host alone reads are here too, so that an unknown one is noticed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Inputs {
    /// The accounts and hosts.
    pub target: List<String>,
    /// A placeholder for the private key.
    pub identity: String,
    /// A placeholder for its passphrase.
    #[serde(default)]
    pub passphrase: Option<String>,
    /// The key's certificate; the host reads it.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Host keys to accept; the host reads it.
    #[serde(default)]
    pub known_hosts: Option<String>,
    /// Fingerprints to accept; the host reads them.
    #[serde(default)]
    pub host_key: List<String>,
    /// Hosts on the way; the host goes through them.
    #[serde(default)]
    pub jump: List<Jump>,
    /// How many hosts at once.
    #[serde(default = "one")]
    pub parallel: usize,
    /// How many hosts must have succeeded before the others are begun.
    #[serde(default)]
    pub canary: usize,
    /// Whether no further host is begun once one has failed.
    #[serde(default = "yes")]
    pub fail_fast: bool,
    /// The folder that has the releases.
    #[serde(default)]
    pub release: Option<String>,
    /// How many releases to keep; the host reads it.
    #[serde(default = "default_keep")]
    pub keep: u32,
    /// Paths that all releases share; the host reads them.
    #[serde(default)]
    pub shared: List<String>,
    /// What to copy.
    #[serde(default)]
    pub upload: List<Upload>,
    /// The script's text, for its name in messages alone.
    #[serde(default)]
    pub run: Option<String>,
    /// The script's environment; the host reads it.
    #[serde(default, deserialize_with = "capstep_sdk::inputs::or_default")]
    pub env: BTreeMap<String, String>,
    /// More of it, by host; the host reads it.
    #[serde(default, deserialize_with = "capstep_sdk::inputs::or_default")]
    pub host_env: BTreeMap<String, BTreeMap<String, String>>,
    /// Where the script runs; the host reads it.
    #[serde(default)]
    pub working_directory: Option<String>,
    /// What runs the script; the host reads it.
    #[serde(default)]
    pub shell: Shell,
    /// Whether the script ends at its first failing command; the host reads it.
    #[serde(default = "yes")]
    pub errexit: bool,
    /// How long the script may take.
    #[serde(default)]
    pub timeout: Option<Duration>,
}

/// One thing to copy.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Upload {
    /// From the workspace.
    pub from: String,
    /// To the server.
    pub to: String,
    /// What stays here; the host reads it.
    #[serde(default)]
    pub exclude: List<String>,
    /// What doesn't, after all; the host reads it.
    #[serde(default)]
    pub include: List<String>,
    /// Whether what is on the server alone is removed; the host does it.
    #[serde(default)]
    pub delete: bool,
    /// How much of that; the host reads it.
    #[serde(default = "max_delete")]
    pub max_delete: u32,
}

/// A host on the way. All of it is the host's to read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Jump {
    /// The account and host.
    pub target: String,
    /// A placeholder for the private key.
    pub identity: String,
    /// A placeholder for its passphrase.
    #[serde(default)]
    pub passphrase: Option<String>,
    /// Its certificate.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Host keys to accept.
    #[serde(default)]
    pub known_hosts: Option<String>,
    /// Fingerprints to accept.
    #[serde(default)]
    pub host_key: List<String>,
}

/// What runs the script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shell {
    /// Bash where there is one, else sh.
    #[default]
    Auto,
    /// Bash.
    Bash,
    /// The system's sh.
    Sh,
}

fn one() -> usize {
    1
}

fn max_delete() -> u32 {
    1000
}

fn default_keep() -> u32 {
    5
}

fn yes() -> bool {
    true
}
