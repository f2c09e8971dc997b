//! Old runs, what killed ones left, compiled plugins and caches beyond a size: found and removed.
//!
//! - `runs`: folders of runs, half-removed ones;
//! - `leftovers`: what killed runs left elsewhere;
//! - `cache`: compiled plugins; `kept`: what jobs cache;
//! - `measure`: how large something is.
//!
//! What lives is told by its lock, never by its age. Age and number say only which of the dead are kept.

mod cache;
mod kept;
mod leftovers;
mod measure;
mod runs;

use std::path::PathBuf;
use std::time::Duration;

use capstep_engine::past::PastRuns;
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use measure::bytes;

use crate::context::Context;
use crate::directories;
use crate::error::CliError;
use crate::history;

/// The version of this shape.
const GC_VERSION: u32 = 1;

/// What is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    /// So many runs of each project, the newest.
    pub(crate) newest: usize,
    /// And those that are younger.
    pub(crate) younger: Duration,
    /// Compiled plugins of this size, in bytes.
    pub(crate) cache: u64,
    /// Of each project's caches this size, in bytes.
    pub(crate) cached: u64,
    /// And of those the ones that were used within this time.
    pub(crate) unused: Duration,
}

/// What was removed, or would be.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Removal {
    /// The version of this shape.
    pub(crate) version: u32,
    /// Whether nothing was removed, only looked for.
    pub(crate) dry_run: bool,
    /// What it is.
    pub(crate) removed: Vec<Removed>,
    /// What could not be removed.
    pub(crate) failed: Vec<NotRemoved>,
    /// How many bytes it is.
    pub(crate) bytes: u64,
}

/// Something that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Removed {
    /// What it was.
    pub(crate) kind: RemovedKind,
    /// Where.
    pub(crate) path: PathBuf,
    /// How large, in bytes.
    pub(crate) bytes: u64,
}

/// Something that could not be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct NotRemoved {
    /// Where.
    pub(crate) path: PathBuf,
    /// Why not.
    pub(crate) message: String,
}

/// What something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RemovedKind {
    /// A run's folder.
    Run,
    /// A temporary file or half-removed folder of a program that was killed.
    Leftover,
    /// A compiled plugin.
    Compiled,
    /// What a job cached.
    Cached,
}

/// Removes what is not kept; with `dry_run` only says what that is.
pub(crate) fn collect(context: &Context, keep: &Keep, dry_run: bool) -> Result<Removal, CliError> {
    let state = directories::state(&context.environment)?;
    let cache = directories::cache(&context.environment)?;
    let mut found = Found {
        dry_run,
        removed: Vec::new(),
        failed: Vec::new(),
    };
    let runs = PastRuns::of(&state);
    leftovers::of_scripts(
        &directories::scripts(&context.environment).scratch,
        &mut found,
    );
    leftovers::of_reports(&runs, &mut found);
    runs::collect(&runs, keep, &mut found)?;
    let alone = || {
        leftovers::of_projects(&state.join("projects"), &mut found);
        for folder in [capstep_engine::SEALED, capstep_engine::UNTRUSTED] {
            leftovers::temporary_files(&state.join(folder), &mut found);
        }
        cache::unfinished(&cache.user, &mut found);
    };
    runs.while_none_lives(alone).map_err(history::not_found)?;
    cache::collect(&cache.user, keep.cache, &mut found)?;
    kept::collect(&cache.user, keep, &mut found)?;
    Ok(Removal {
        version: GC_VERSION,
        dry_run,
        bytes: found.removed.iter().map(|removed| removed.bytes).sum(),
        removed: found.removed,
        failed: found.failed,
    })
}

/// What was come to so far.
struct Found {
    dry_run: bool,
    removed: Vec<Removed>,
    failed: Vec<NotRemoved>,
}

impl Found {
    /// Removes something, or says that it would be.
    fn remove(
        &mut self,
        kind: RemovedKind,
        path: PathBuf,
        act: impl FnOnce(&std::path::Path) -> std::io::Result<()>,
    ) {
        let bytes = measure::size(&path);
        let done = match self.dry_run {
            true => Ok(()),
            false => act(&path),
        };
        match done {
            Ok(()) => self.removed.push(Removed { kind, path, bytes }),
            Err(error) => self.failed.push(NotRemoved {
                path,
                message: error.to_string(),
            }),
        }
    }
}
