//! What a run is started with, and what comes of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use capstep_docker::{DockerError, Endpoint};
use capstep_grants::plan::Variables;
use capstep_host::sandbox::CacheDirectories;
use capstep_host::{Program, ScriptHost, Trust};
use capstep_pipeline::{Pipeline, Source};
use capstep_registry::Registry;
use capstep_secrets::SecretValue;

use crate::event::Outcome;
use crate::resume::Resume;

/// A run to be. The pipeline has been checked: it has no error in it.
pub struct RunSettings {
    /// The pipeline's text.
    pub source: Arc<Source>,
    /// The pipeline.
    pub pipeline: Arc<Pipeline>,
    /// Where its plugins come from.
    pub registry: Arc<Registry>,
    /// Where compiled plugins are kept, and what jobs cache.
    pub cache: Option<CacheDirectories>,
    /// The variables' values.
    pub variables: Variables,
    /// The secrets' values, by name; those that the selected jobs use.
    pub secrets: BTreeMap<String, SecretValue>,
    /// Whether what is run is trusted; whoever starts the run says so. An untrusted one has no secrets, deploys nowhere, and
    /// neither reads nor changes what trusted runs keep.
    pub trust: Trust,
    /// The pipeline's folder.
    pub workspace: PathBuf,
    /// The state folder, `$XDG_STATE_HOME/capstep`.
    pub state: PathBuf,
    /// The Docker engine that steps use, or why none was found; it is connected to when the first step asks for it.
    pub engine: Result<Endpoint, DockerError>,
    /// What is executed to compile a plugin that no cache has; without it, this process compiles.
    pub compiler: Option<Program>,
    /// What scripts of the pipeline run with.
    pub scripts: ScriptHost,
    /// How many jobs may run at once.
    pub jobs: usize,
    /// The jobs to run, with those they need; all where none is named.
    pub only: Vec<String>,
    /// A part of the pipeline to run; then `only` is empty.
    pub resume: Option<Resume>,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct RunResult {
    /// The run's id.
    pub run: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The folder that it left.
    pub folder: PathBuf,
}
