//! One plugin.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use capstep_grants::manifest::Manifest;
use sha2::{Digest as _, Sha256};

use crate::shape::{Shape, ShapeError};

/// A plugin that can be run: its bytes and what it asks for.
#[derive(Debug)]
pub struct Plugin {
    /// Its name: that of its manifest, or a plain program's file name without `.wasm`.
    pub name: String,
    /// The module or component.
    pub bytes: Cow<'static, [u8]>,
    /// What it takes, and which authority each input carries.
    pub manifest: Arc<Manifest>,
    /// Where it comes from.
    pub origin: Origin,
    digest: OnceLock<String>,
}

/// Where a plugin comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is inside the binary.
    BuiltIn,
    /// A file, relative to the pipeline's folder.
    Path(PathBuf),
}

impl Plugin {
    pub(crate) fn new(bytes: Cow<'static, [u8]>, manifest: Manifest, origin: Origin) -> Self {
        Self {
            name: manifest.name.clone(),
            bytes,
            manifest: Arc::new(manifest),
            origin,
            digest: OnceLock::new(),
        }
    }

    /// The SHA-256 of its bytes, in hexadecimal. Computed when it is first asked for.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| {
            let digest = Sha256::digest(&self.bytes);
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }

    /// What it imports and exports.
    ///
    /// # Errors
    /// Where a section is broken.
    pub fn shape(&self) -> Result<Shape, ShapeError> {
        Shape::read(&self.bytes)
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}
