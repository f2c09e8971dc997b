//! Why a run could not begin.

use std::path::PathBuf;

use capstep_pipeline::Span;
use thiserror::Error;

/// Why a run could not begin. Once it has begun, whatever goes wrong is an outcome.
#[derive(Debug, Error)]
pub enum RunError {
    /// The state folder can't be used.
    #[error("the state folder {path} can't be used: {message}")]
    State {
        /// The folder or file.
        path: PathBuf,
        /// What went wrong.
        message: String,
    },
    /// The workspace can't be opened.
    #[error("the folder {path} can't be opened: {message}")]
    Workspace {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        message: String,
    },
    /// wasmtime can't run here, or the compile cache is not safe.
    #[error("{0}")]
    Sandbox(String),
    /// Plugins that can't be run.
    #[error("{} plugin(s) can't be run", .0.len())]
    Plugins(Vec<PluginFailure>),
    /// It was to end before anything was run.
    #[error("cancelled before anything was run")]
    Cancelled,
    /// A job that the pipeline doesn't have was named.
    #[error("there is no job `{0}`")]
    UnknownJob(String),
}

/// A plugin that can't be run.
#[derive(Debug, Clone)]
pub struct PluginFailure {
    /// Where the pipeline uses it.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What might help.
    pub help: Option<String>,
}
