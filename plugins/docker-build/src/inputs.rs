//! What the step takes; `plugin.toml` documents each.

use std::collections::BTreeMap;

use capstep_sdk::{Duration, List};
use serde::{Deserialize, Serialize};

/// The inputs. Those that the host alone reads are here too, so that an unknown one is noticed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Inputs {
    /// The folder to build.
    pub context: String,
    /// The Dockerfile; the host reads it.
    #[serde(default)]
    pub dockerfile: Option<String>,
    /// The stage; the host reads it.
    #[serde(default)]
    pub target: Option<String>,
    /// Build arguments; the host reads them.
    #[serde(default, deserialize_with = "capstep_sdk::inputs::or_default")]
    pub build_args: BTreeMap<String, String>,
    /// Placeholders for build secrets.
    #[serde(default, deserialize_with = "capstep_sdk::inputs::or_default")]
    pub secrets: BTreeMap<String, String>,
    /// Labels; the host reads them.
    #[serde(default, deserialize_with = "capstep_sdk::inputs::or_default")]
    pub labels: BTreeMap<String, String>,
    /// The image's names.
    pub tags: List<String>,
    /// Whether to push them.
    #[serde(default)]
    pub push: bool,
    /// Images to take layers from; the host reads them.
    #[serde(default)]
    pub cache_from: List<String>,
    /// What to write for later builds; the host reads it.
    #[serde(default)]
    pub cache_to: CacheTo,
    /// Whether to look for newer base images; the host reads it.
    #[serde(default)]
    pub pull: bool,
    /// Whether to build everything anew; the host reads it.
    #[serde(default)]
    pub no_cache: bool,
    /// The network of `RUN` lines; the host reads it.
    #[serde(default)]
    pub network: Network,
    /// What to build for; the host reads it.
    #[serde(default)]
    pub platforms: List<String>,
    /// Logins.
    #[serde(default)]
    pub registry: List<Registry>,
    /// How long the build may take.
    #[serde(default)]
    pub timeout: Option<Duration>,
}

/// A login.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Where.
    pub host: String,
    /// Who; the host reads it.
    pub username: String,
    /// A placeholder for the password.
    pub password: String,
}

/// What to write for later builds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheTo {
    /// Nothing.
    #[default]
    None,
    /// What the cache needs, within the image.
    Inline,
}

/// The network of `RUN` lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// The engine's.
    #[default]
    Default,
    /// None.
    None,
}
