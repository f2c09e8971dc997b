//! What is wrong with a manifest.

use thiserror::Error;

/// A manifest that can't be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// Not TOML of the manifest's shape.
    #[error("the manifest is not valid TOML: {0}")]
    Toml(String),
    /// Not JSON of the manifest's shape.
    #[error("the embedded manifest is not valid: {0}")]
    Json(String),
    /// Of the right shape, with mistakes in it.
    #[error("the manifest has {} mistake(s): {}", .0.len(), join(.0))]
    Problems(Vec<ManifestProblem>),
}

/// One mistake, by where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestProblem {
    /// Where: `inputs.upload.item.fields.from`.
    pub at: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl std::fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

fn join(problems: &[ManifestProblem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
