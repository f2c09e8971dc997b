//! What jobs keep between runs: paths of the workspace and the store of the project, with a record of each act.
//!
//! No plugin leads here: the engine brings paths back before a job's first step, and keeps them after its last. That it may
//! is the pipeline's own text, and the record names its line.
//!
//! - `restore` and `save`: the two acts; `work`: how such a thing is done beside everything else, and ended early;
//! - `guard`: what of the workspace may be kept; `record`: what the journal says.

mod guard;
mod record;
mod restore;
mod save;
#[cfg(test)]
mod tests;
mod work;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use capstep_caches::{Spot, Store, Trust, Wanted};
use capstep_grants::WorkspacePath;

pub use restore::Restored;
pub use save::{Kept, NotKept};

use crate::files::{FileError, Place, SealedFiles, Workspace};
use crate::journal::{Actor, GrantReference, Journal};

/// What one job keeps between runs under one key.
#[derive(Debug, Clone)]
pub struct JobCache {
    /// The paths and the keys.
    pub wanted: Wanted,
    /// For each path the line of the pipeline that names it.
    pub grants: Vec<GrantReference>,
}

/// Who does it: the job, and the number of the act in it.
#[derive(Debug, Clone)]
pub struct JobAct {
    /// The job, without a step.
    pub actor: Actor,
    /// The number of the act in the job.
    pub call: u64,
}

/// Where the runs of a project keep what jobs cache.
#[derive(Debug)]
pub struct Caches {
    /// The program's own cache folder; none where there is no place for one.
    root: Option<PathBuf>,
    project: String,
    trust: Trust,
    workspace: Arc<Workspace>,
    sealed: Arc<SealedFiles>,
    journal: Arc<Journal>,
    /// Opened when the first job asks.
    store: OnceLock<Result<Arc<Store>, String>>,
}

impl Caches {
    /// The caches of a project, below the program's own cache folder. Nothing is made before a job asks for something.
    pub fn new(
        root: Option<PathBuf>,
        project: String,
        trust: Trust,
        workspace: Arc<Workspace>,
        sealed: Arc<SealedFiles>,
        journal: Arc<Journal>,
    ) -> Self {
        Self {
            root,
            project,
            trust,
            workspace,
            sealed,
            journal,
            store: OnceLock::new(),
        }
    }

    /// The store, or why it can't be used.
    fn store(&self) -> Result<Arc<Store>, String> {
        self.store.get_or_init(|| self.open()).clone()
    }

    fn open(&self) -> Result<Arc<Store>, String> {
        let root = self.root.as_ref().ok_or("there is no place for caches")?;
        let store = Store::open(root, &self.project, self.trust);
        let store = store.map_err(|error| error.to_string())?;
        // No grant may reach what decides about other runs: a store within the workspace is one that steps can write.
        let within = store.path().canonicalize();
        let within = within.map_err(|error| format!("{}: {error}", store.path().display()))?;
        let workspace = self.workspace.path();
        if within.starts_with(workspace) || workspace.starts_with(&within) {
            return Err(format!(
                "the cache folder `{}` lies in the pipeline's own folder, where steps could write: set `XDG_CACHE_HOME` to a place outside of it",
                root.display()
            ));
        }
        Ok(Arc::new(store))
    }

    /// The places of the paths; with `make` the folders on the way are made.
    ///
    /// # Errors
    /// A path can't be reached, and why.
    fn spots(&self, cache: &JobCache, make: bool) -> Result<Vec<Spot>, String> {
        let paths = cache.wanted.paths().iter();
        let spots = paths.map(|path| {
            let spot = self.spot(path, make);
            spot.map_err(|error| format!("`{path}` {}", why(&error)))
        });
        spots.filter_map(Result::transpose).collect()
    }

    /// The place of a path; none where the folder around it isn't there.
    fn spot(&self, path: &str, make: bool) -> Result<Option<Spot>, FileError> {
        let parse = |path: &str| WorkspacePath::parse(path).map_err(|_| FileError::Reserved);
        let whole = parse(path)?;
        if self.workspace.is_reserved(path) {
            return Err(FileError::Reserved);
        }
        let (around, name) = path.rsplit_once('/').unwrap_or((".", path));
        let around = parse(around)?;
        // As everywhere, no link is followed on the way.
        let place = match make {
            true => Place::create(&self.workspace, &around, &around)
                .and_then(|place| place.make_folder().map(|()| place)),
            false => Place::open(&self.workspace, &around, &around),
        };
        let folder = match place.and_then(|place| place.folder()) {
            Err(FileError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            folder => folder?,
        };
        Ok(Some(Spot {
            folder,
            name: name.to_owned(),
            path: whole.as_str().to_owned(),
        }))
    }
}

fn why(error: &FileError) -> String {
    match error {
        FileError::LinkLeaves => "is reached by a link: none is followed".to_owned(),
        FileError::Reserved => "is reserved".to_owned(),
        FileError::Io(error) => format!("can't be reached: {error}"),
    }
}
