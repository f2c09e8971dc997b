//! What all jobs of a run share.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use capstep_grants::plan::Variables;
use capstep_host::journal::Journal;
use capstep_host::sandbox::Sandbox;
use capstep_host::{Caches, DockerAccess, ScriptHost, SealedFiles, Trust, Workspace};
use capstep_net::Dialer;
use capstep_pipeline::Source;
use capstep_pipeline::expr::EvalError;
use capstep_secrets::{Masker, SecretValue};

use crate::emitter::Emitter;
use crate::plugins::Ready;
use crate::resume::Resume;

/// What all jobs of a run share.
pub(crate) struct Context {
    pub(crate) run: String,
    /// The project's own folder in the state folder.
    pub(crate) project: PathBuf,
    /// When it began: RFC 3339, UTC.
    pub(crate) started: String,
    /// Whether what is run is trusted.
    pub(crate) trust: Trust,
    /// Whether it is trusted, and runs where something untrusted ran before.
    pub(crate) is_tainted: bool,
    /// What jobs keep between runs.
    pub(crate) caches: Caches,
    pub(crate) source: Arc<Source>,
    pub(crate) variables: Arc<Variables>,
    pub(crate) secrets: Arc<BTreeMap<String, SecretValue>>,
    pub(crate) masker: Masker,
    pub(crate) emitter: Arc<Emitter>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) sealed: Arc<SealedFiles>,
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) docker: Arc<DockerAccess>,
    pub(crate) scripts: ScriptHost,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) plugins: HashMap<String, Arc<Ready>>,
    /// What is done with each job, where only a part of the pipeline is run.
    pub(crate) resume: Option<Resume>,
}

impl Context {
    /// The text of an expression's mistake, with its place and without secrets.
    pub(crate) fn located(&self, what: &str, error: &EvalError) -> String {
        let place = self.source.place(error.span);
        let message = self.masker.mask_str(&error.message);
        format!("{place}: {what} can't be evaluated: {message}")
    }
}
