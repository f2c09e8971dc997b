//! The host: the sandbox that plugins run in, and the verbs that act for them. It knows no pipeline and no terminal.
//!
//! - `protocol`: what crosses the boundary, for all three ways in;
//! - `sandbox`: runs a plugin and turns what it asks for into calls;
//! - `step`: one running step: the way from a call to a verb, and what is done around every verb;
//! - `script`: the pipeline's own script, where a step has one and no plugin;
//! - `verbs`: one module a capability; `ops` the operations that they start; `files` the workspace they reach;
//! - `kept_values`: small values that last between runs; `caches`: folders and files that do;
//! - `journal`: the record of effects; `observer`: who hears what a step says; `fault`: how a verb fails.

mod caches;
mod fault;
mod files;
pub mod journal;
mod kept_values;
pub mod observer;
mod ops;
pub mod protocol;
pub mod sandbox;
mod script;
mod step;
mod verbs;

pub use caches::{Caches, JobAct, JobCache, Kept, NotKept, Restored};
pub use capstep_caches::{Trust, Wanted};
pub use capstep_process::Program;
pub use files::{HeldSecret, SealedFiles, SealedFilesError, Workspace, hash_files};
pub use kept_values::{KeptValues, KeptValuesError};
pub use script::{ScriptEnd, ScriptHost};
pub use step::{StepRun, StepSettings};
pub use verbs::DockerAccess;
