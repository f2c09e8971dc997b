//! What the step gives; `plugin.toml` documents each.

use serde::Serialize;

/// The outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outputs {
    /// The image's id.
    pub image: String,
    /// The first tag's digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// All tags.
    pub tags: Vec<Tag>,
    /// What built it.
    pub builder: String,
}

/// A name of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Written out in full where it was pushed, else as the pipeline has it.
    pub reference: String,
    /// Its manifest's digest in the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}
