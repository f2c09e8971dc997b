//! Images in the engine, and their way from and to registries.
//!
//! - `progress`: layers on their way
//! - `pull`, `push`: from and to a registry
//! - `local`: tag, inspect, remove
//! - `name`: names and ids as parts of paths

mod local;
mod name;
pub mod progress;
mod pull;
pub(crate) mod push;

use std::collections::BTreeMap;

pub(crate) use local::Listed;

/// An image of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInfo {
    /// The digest of its configuration, `sha256:...`: what the engine knows it by.
    pub id: String,
    /// Its names, as `name:tag`.
    pub tags: Vec<String>,
    /// Its names in registries, as `name@sha256:...`: known once it was pushed or pulled.
    pub digests: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The bytes of all its layers.
    pub size: u64,
    /// When it was built, RFC 3339, as its configuration says it.
    pub created: String,
    /// Such as `linux`.
    pub os: String,
    /// Such as `amd64`.
    pub architecture: String,
}

/// What a push came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The name it was pushed by.
    pub reference: String,
    /// The digest of its manifest in the registry.
    pub digest: String,
}

/// What a pull came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The image's id in the engine.
    pub id: String,
    /// The digest of its manifest in the registry, where the engine names it.
    pub digest: Option<String>,
    /// Whether something was new.
    pub changed: bool,
}
