//! What the step takes and gives; `plugin.toml` documents each.

use capstep_sdk::List;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::schema::Rule;

/// The inputs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Inputs {
    /// The file to write.
    pub file: String,
    /// Its variables: plain values, and placeholders where secrets are.
    pub vars: IndexMap<String, String>,
    /// Who reads it.
    #[serde(default)]
    pub format: Format,
    /// Its permission bits, octal.
    #[serde(default = "default_mode")]
    pub mode: String,
    /// A comment at its top.
    #[serde(default)]
    pub header: Option<String>,
    /// Names that must be there and not be empty.
    #[serde(default)]
    pub required: List<String>,
    /// Whether a value may be empty.
    #[serde(default = "yes")]
    pub allow_empty: bool,
    /// What plain values must look like.
    #[serde(default)]
    pub schema: Option<IndexMap<String, Rule>>,
    /// Whether a name that the schema doesn't have is an error.
    #[serde(default)]
    pub deny_unknown: bool,
    /// Take carriage returns out of values.
    #[serde(default = "yes")]
    pub strip_cr: bool,
}

/// Who reads the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Docker Compose.
    #[default]
    Compose,
    /// `docker run --env-file`.
    Docker,
    /// A shell's `.`.
    Shell,
    /// An object.
    Json,
}

impl Format {
    /// The word that the host knows it by.
    pub fn word(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Docker => "docker",
            Self::Shell => "shell",
            Self::Json => "json",
        }
    }
}

/// The outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outputs {
    /// The file that was written.
    pub file: String,
    /// How many variables are in it.
    pub entries: u32,
    /// Whether its content differs from what was there.
    pub changed: bool,
}

fn default_mode() -> String {
    "0600".to_owned()
}

fn yes() -> bool {
    true
}
