//! The folder that steps work in.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use capstep_grants::WorkspacePath;

/// The pipeline's folder: nothing outside of it can be named.
#[derive(Debug)]
pub struct Workspace {
    path: PathBuf,
    pub(crate) dir: Dir,
    /// The pipeline's own files, whatever they are called: no grant reaches what decides about grants.
    pub(crate) pipeline: Arc<Vec<String>>,
}

impl Workspace {
    /// Opens the folder.
    ///
    /// # Errors
    /// It isn't there, or can't be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let dir = Dir::open_ambient_dir(&path, ambient_authority())?;
        Ok(Self {
            path,
            dir,
            pipeline: Arc::default(),
        })
    }

    /// Keeps a file out of every step's reach: one of the pipeline's own, relative to the folder.
    #[must_use]
    pub fn reserving(mut self, pipeline: &str) -> Self {
        Arc::make_mut(&mut self.pipeline).push(pipeline.to_owned());
        self
    }

    /// Whether a path in it is out of every grant's reach: the repository's own data, and what decides about grants.
    pub(crate) fn is_reserved(&self, path: &str) -> bool {
        self.pipeline.iter().any(|own| own == path) || WorkspacePath::parse(path).is_err()
    }

    /// The paths that no grant reaches, whether they are there or not: those at its top, and the pipeline's own files.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = &str> {
        let named = WorkspacePath::RESERVED.iter().copied();
        let own = self.pipeline.iter().map(String::as_str);
        named.chain(own.filter(|own| !WorkspacePath::RESERVED.contains(own)))
    }

    /// The folder's real path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
