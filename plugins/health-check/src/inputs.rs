//! What the step takes; `plugin.toml` documents each.

use capstep_sdk::{Duration, List};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The inputs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Inputs {
    /// What to ask.
    #[serde(default)]
    pub url: List<String>,
    /// Ports to connect to.
    #[serde(default)]
    pub tcp: List<String>,
    /// The HTTP method.
    #[serde(default)]
    pub method: Method,
    /// Headers of the request; placeholders where secrets are.
    #[serde(default, deserialize_with = "capstep_sdk::inputs::or_default")]
    pub headers: IndexMap<String, String>,
    /// A placeholder for the token.
    #[serde(default)]
    pub token: Option<String>,
    /// The request's body.
    #[serde(default)]
    pub body: Option<String>,
    /// Certificates to trust; the host reads it.
    #[serde(default)]
    pub ca: Option<String>,
    /// What a healthy target answers.
    #[serde(default, deserialize_with = "capstep_sdk::inputs::or_default")]
    pub expect: Expect,
    /// From the start of one attempt to the start of the next.
    #[serde(default = "default_every")]
    pub every: Duration,
    /// How many attempts count.
    #[serde(default = "default_attempts")]
    pub attempts: u32,
    /// How long one attempt may take.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
    /// How long attempts don't count.
    #[serde(default)]
    pub start_period: Duration,
    /// How many healthy answers in a row are needed.
    #[serde(default = "default_successes")]
    pub successes: u32,
    /// How many redirects to follow.
    #[serde(default)]
    pub redirects: u32,
}

/// What a healthy target answers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    /// Status codes, numbers or texts such as `2xx`.
    #[serde(default)]
    pub status: List<Value>,
    /// Values in a JSON body, by where they are.
    #[serde(default, deserialize_with = "capstep_sdk::inputs::or_default")]
    pub json: IndexMap<String, Value>,
    /// What the body must match somewhere.
    #[serde(default)]
    pub body: Option<String>,
    /// What it must match nowhere.
    #[serde(default)]
    pub not_body: Option<String>,
    /// Headers of the answer.
    #[serde(default, deserialize_with = "capstep_sdk::inputs::or_default")]
    pub header: IndexMap<String, String>,
    /// What a port must say first.
    #[serde(default)]
    pub banner: Option<String>,
}

/// The HTTP method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Asks.
    #[default]
    Get,
    /// Asks for all but the body.
    Head,
    /// Sends a body.
    Post,
}

impl Method {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
        }
    }
}

fn default_every() -> Duration {
    Duration::from_secs(10)
}

fn default_attempts() -> u32 {
    24
}

fn default_timeout() -> Duration {
    Duration::from_secs(5)
}

fn default_successes() -> u32 {
    1
}
