//! What of a granted folder the engine may be sent.

use std::sync::Arc;

use cap_std::fs::Dir;
use capstep_docker::{ContextSource, Gate};
use capstep_grants::WorkspacePath;

use crate::fault::Fault;
use crate::files::{Place, SealedFiles, Workspace};
use crate::protocol::ErrorKind;
use crate::step::Shared;
use crate::verbs::files::file_fault;

/// The folder at a granted path, guarded.
pub(super) fn source(
    shared: &Shared,
    root: &WorkspacePath,
    pointer: &str,
) -> Result<ContextSource, Fault> {
    if root.is_glob() {
        let message = format!("`{root}`: a build context is a folder, without wildcards");
        let fault = Fault::error(ErrorKind::Invalid, message);
        return Err(shared.located(pointer, fault));
    }
    let dir = Place::open(&shared.workspace, root, root)
        .and_then(|place| place.folder())
        .map_err(|error| file_fault(error, pointer, root.as_str()))
        .map_err(|fault| shared.located(pointer, fault))?;
    let guard = Guard {
        root: root.as_str().to_owned(),
        workspace: Arc::clone(&shared.workspace),
        sealed: Arc::clone(&shared.sealed),
        dir: dir
            .try_clone()
            .map_err(|error| file_fault(error.into(), pointer, root.as_str()))?,
    };
    Ok(ContextSource::new(Arc::new(dir), Arc::new(guard)))
}

/// Hides what no grant reaches, and refuses what holds secrets.
struct Guard {
    /// The context's path in the workspace.
    root: String,
    workspace: Arc<Workspace>,
    sealed: Arc<SealedFiles>,
    dir: Dir,
}

impl Guard {
    fn in_workspace(&self, path: &str) -> String {
        match self.root.as_str() {
            "." => path.to_owned(),
            root => format!("{root}/{path}"),
        }
    }
}

impl Gate for Guard {
    fn hides(&self, path: &str) -> bool {
        self.workspace.is_reserved(&self.in_workspace(path))
    }

    fn refuse(&self, path: &str) -> Option<String> {
        if self.sealed.is_empty() {
            return None;
        }
        let holds = |what: &str| Some(format!("it holds secrets ({what})"));
        if self.sealed.template(&self.in_workspace(path)).is_some() {
            return holds("it was written with them");
        }
        match self.sealed.is_copy(&self.dir, path) {
            Ok(false) => None,
            Ok(true) => holds("it is a copy of a file that was written with them"),
            Err(error) => Some(format!("it can't be looked at: {error}")),
        }
    }
}
