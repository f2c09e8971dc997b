//! Which run is meant.

use std::path::PathBuf;

use capstep_engine::past::{FindError, PastRun, PastRuns};
use capstep_engine::project_key;
use capstep_pipeline::did_you_mean;

use crate::context::Context;
use crate::directories;
use crate::error::CliError;
use crate::project::Project;

/// How many ids a message names.
const NAMED: usize = 5;

/// Whose runs: those of one project.
pub(crate) struct Scope {
    key: String,
    workspace: PathBuf,
}

impl Scope {
    /// The project of this pipeline.
    pub(crate) fn of(project: &Project) -> Result<Self, CliError> {
        // As a run opens it: a project is known by where its folder really is.
        let workspace = project.folder.canonicalize().map_err(|error| {
            CliError::infrastructure(format!(
                "`{}` can't be opened: {error}",
                project.folder.display()
            ))
        })?;
        let name = project
            .pipeline
            .as_ref()
            .and_then(|pipeline| pipeline.name.as_ref());
        let name = name.map(|name| name.value.as_str());
        Ok(Self {
            key: project_key(name, &workspace),
            workspace,
        })
    }

    /// The project's key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// All runs of this machine, whosever they are.
    pub(crate) fn runs(context: &Context) -> Result<PastRuns, CliError> {
        Ok(PastRuns::of(&directories::state(&context.environment)?))
    }

    /// Whether a run is one of them.
    pub(crate) fn has(&self, run: &PastRun) -> bool {
        run.is_of(&self.key, &self.workspace)
    }
}

/// The newest run of the project.
pub(crate) fn latest(runs: &PastRuns, scope: &Scope) -> Result<PastRun, CliError> {
    let mut all = runs.all().map_err(not_found)?;
    all.find(|run| scope.has(run)).ok_or_else(|| {
        CliError::usage("this project has no run yet on this machine")
            .hint(format!("runs are kept in `{}`", runs.folder().display()))
    })
}

/// The run whose id begins so, whichever project's it is.
pub(crate) fn named(runs: &PastRuns, prefix: &str) -> Result<PastRun, CliError> {
    runs.find(prefix).map_err(|error| match &error {
        FindError::None(asked) => {
            let ids = runs.ids().unwrap_or_default();
            let near = did_you_mean(asked, ids.iter().map(String::as_str));
            not_found(error).hint(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`capstep runs --all` lists all of this machine".to_owned(),
            })
        }
        _ => not_found(error),
    })
}

/// The error as people get to see it.
pub(crate) fn not_found(error: FindError) -> CliError {
    let message = error.to_string();
    match error {
        FindError::Io { .. } => CliError::infrastructure(message),
        FindError::None(_) => CliError::usage(message),
        FindError::Several { ids, .. } => {
            let shown: Vec<&str> = ids.iter().take(NAMED).map(String::as_str).collect();
            let more = ids.len().saturating_sub(NAMED);
            let more = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            CliError::usage(message).hint(format!("there are `{}`{more}", shown.join("`, `")))
        }
    }
}
