//! From the declaration to the checked manifest: every word known, every reference resolved, all mistakes at once.
//!
//! `head` reads the manifest's own keys, `input` an input with its parts, `words` its access, sink and role, `default`
//! whether a default fits, `any_of` groups of inputs of which one is needed.

mod any_of;
mod default;
mod head;
mod input;
mod words;

use super::declaration::ManifestDeclaration;
use super::model::Manifest;
use super::problem::{ManifestError, ManifestProblem};

impl Manifest {
    /// Reads `plugin.toml`.
    ///
    /// # Errors
    /// TOML that isn't, an unknown key, or the manifest's own mistakes, all of them.
    pub fn from_toml(text: &str) -> Result<(ManifestDeclaration, Self), ManifestError> {
        let declaration: ManifestDeclaration = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            ManifestError::Toml(match before {
                Some(before) => {
                    let line = before.matches('\n').count() + 1;
                    format!("line {line}: {}", error.message())
                }
                None => error.message().to_owned(),
            })
        })?;
        let manifest = Self::compile(&declaration)?;
        Ok((declaration, manifest))
    }

    /// Reads the canonical JSON of the custom section.
    ///
    /// # Errors
    /// As [`Manifest::from_toml`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, ManifestError> {
        let declaration: ManifestDeclaration = serde_json::from_slice(bytes)
            .map_err(|error| ManifestError::Json(error.to_string()))?;
        Self::compile(&declaration)
    }

    /// Checks a declaration.
    ///
    /// # Errors
    /// Every mistake in it, at once.
    pub fn compile(declaration: &ManifestDeclaration) -> Result<Self, ManifestError> {
        let mut compiler = Compiler {
            problems: Vec::new(),
        };
        let manifest = compiler.manifest(declaration);
        if compiler.problems.is_empty() {
            Ok(manifest)
        } else {
            Err(ManifestError::Problems(compiler.problems))
        }
    }
}

struct Compiler {
    problems: Vec<ManifestProblem>,
}

impl Compiler {
    fn problem(&mut self, at: &str, message: impl Into<String>) {
        self.problems.push(ManifestProblem {
            at: at.to_owned(),
            message: message.into(),
        });
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|word| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}
