//! Files that hold secrets: what is remembered of them between runs, so that whoever reads one gets its template.
//!
//! Remembered by folder, whatever the pipeline in it calls itself and whoever wrote it: a name is something that a pipeline
//! says, and saying another one must not open a file. `store` keeps it, `held` reads the values that stand in such files.

mod held;
mod store;

use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use capstep_secrets::{Held, SealedFile, keyed_digest};
use thiserror::Error;

pub use self::held::HeldSecret;
use self::store::Store;
use super::workspace::Workspace;

/// The largest file compared by digest with the sealed ones: sealed files are small, and a digest of everything that
/// is read would cost more than it tells.
pub(crate) const COMPARE_LIMIT: usize = 1024 * 1024;

/// The registry can't be used; without it nobody may read a file, since it might be sealed.
#[derive(Debug, Error)]
pub enum SealedFilesError {
    /// Reading or writing it failed.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// It is damaged.
    #[error(
        "{path} is damaged: {message}; remove it only if no sealed file is left in the folder that it is about"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

/// The sealed files of a workspace, and by their digests those of the user's others.
#[derive(Debug)]
pub struct SealedFiles {
    store: Store,
}

impl SealedFiles {
    /// Opens what is kept in `folder`, which is made where it is missing, about a workspace.
    ///
    /// # Errors
    /// The files can't be read or are damaged.
    pub fn open(folder: &Path, workspace: &Path) -> Result<Self, SealedFilesError> {
        let store = Store::open(folder, workspace)?;
        Ok(Self { store })
    }

    /// Whether any file is sealed: most users have none, and then nothing needs comparing.
    pub(crate) fn is_empty(&self) -> bool {
        self.store
            .all(|all| all.iter().all(|registry| registry.is_empty()))
    }

    /// The paths of all sealed files, in the workspace.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.each(|path, _| path)
    }

    /// The template of a sealed file, by its path. It may have been sealed from a folder above this one, or below.
    pub(crate) fn template(&self, path: &str) -> Option<String> {
        let whole = self.store.workspace().join(path);
        self.store.all(|all| {
            all.iter().find_map(|registry| {
                let path = whole.strip_prefix(registry.workspace()).ok()?;
                let file = registry.get(path.to_str()?)?;
                Some(file.template.clone())
            })
        })
    }

    /// The template of a sealed file whose bytes these are: a copy under another name, or in another folder, is as secret.
    pub(crate) fn template_of_copy(&self, bytes: &[u8]) -> Option<String> {
        if bytes.len() > COMPARE_LIMIT || !self.may_have_size(bytes.len() as u64) {
            return None;
        }
        let digest = self.digest(bytes);
        self.store.all(|all| {
            all.iter().find_map(|registry| {
                let (_, file) = registry.by_digest(&digest)?;
                Some(file.template.clone())
            })
        })
    }

    /// Whether a file is, to the byte, one that was sealed under another name.
    pub(crate) fn is_copy(&self, dir: &Dir, path: &str) -> io::Result<bool> {
        let found = dir.symlink_metadata(path)?;
        if !found.is_file()
            || found.len() > COMPARE_LIMIT as u64
            || !self.may_have_size(found.len())
        {
            return Ok(false);
        }
        Ok(self.template_of_copy(&dir.read(path)?).is_some())
    }

    /// The values that stand in sealed files of the workspace now.
    pub fn held(&self, workspace: &Workspace) -> Vec<HeldSecret> {
        let files = self.each(|path, file| Some((path, file.held.clone()?)));
        let files = files.into_iter().flatten();
        files
            .flat_map(|(path, held)| held::read(workspace, &path, &held))
            .collect()
    }

    /// Remembers a file that was written with secrets in it.
    pub(crate) fn remember(
        &self,
        path: &str,
        bytes: &[u8],
        template: String,
        names: Vec<String>,
        held: Option<Held>,
    ) -> Result<(), String> {
        let file = SealedFile {
            digest: self.digest(bytes),
            template,
            names,
            size: u64::try_from(bytes.len()).ok(),
            held,
        };
        self.store.change(|registry| {
            registry
                .remember(path, file)
                .map_err(|error| error.to_string())
        })
    }

    /// Forgets a file that is gone or holds no secret any more.
    pub(crate) fn forget(&self, path: &str) -> Result<(), String> {
        if self.template(path).is_none() {
            return Ok(());
        }
        self.store.change(|registry| {
            registry.forget(path);
            Ok(())
        })
    }

    /// A digest that tells nothing to who doesn't have the key.
    pub(crate) fn digest(&self, bytes: &[u8]) -> String {
        keyed_digest(self.store.key(), bytes)
    }

    /// Looks at every sealed file in the workspace, by its path there. It may have been sealed from a folder above or below.
    fn each<T>(&self, look: impl Fn(String, &SealedFile) -> T) -> Vec<T> {
        let mut found = Vec::new();
        self.store.all(|all| {
            for registry in all {
                let root = Path::new(registry.workspace());
                for (path, file) in registry.iter() {
                    let inside = self.store.inside(&root.join(path));
                    found.extend(inside.map(|path| look(path, file)));
                }
            }
        });
        found
    }

    fn may_have_size(&self, size: u64) -> bool {
        self.store
            .all(|all| all.iter().any(|registry| registry.may_have_size(size)))
    }
}

#[cfg(test)]
mod tests;
