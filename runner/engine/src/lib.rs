//! The engine: runs the jobs and steps of a checked pipeline and tells what happens. It knows no terminal, no home
//! directory and no environment: callers hand over paths, values and a listener.
//!
//! - `settings`: what a run is started with; `cancel`: how it is ended early;
//! - `event`: everything that happens, one closed set; `emitter`: on its way to the listener and to `events.jsonl`;
//! - `untrusted`: what a run of somebody else's text is refused; `start`: from settings to a run; `select`: which jobs it has; `plugins`: loaded once each; `context`: what all share;
//! - `dispatcher`: owns the run: which job starts when; `due`: whether something is to run; `matrices`: what their jobs
//!   have to do with each other; `job`: its steps in order;
//!   `step`: one step, from its inputs to its outcome;
//! - `caches`: what a job keeps between runs;
//! - `concurrency`: groups of jobs of which one runs at a time; `environments`: what was deployed where;
//! - `scope`: what expressions see while the pipeline runs; `state`: the folder that a run leaves, `past`: the same
//!   read back; `resume`: a part of a pipeline run again, with what the rest came to before.

mod caches;
mod cancel;
mod concurrency;
mod context;
mod dispatcher;
mod due;
mod emitter;
mod environments;
mod error;
mod event;
mod job;
mod matrices;
pub mod past;
mod plugins;
pub mod resume;
mod scope;
mod select;
mod settings;
mod start;
mod state;
mod step;
mod taint;
mod untrusted;

pub use cancel::Cancel;
pub use environments::{Deployment, Environment, environments};
pub use error::{PluginFailure, RunError};
pub use event::{CacheAct, EVENT_VERSION, Event, Level, Outcome, StepRef, TimedEvent};
pub use plugins::declared;
pub use settings::{RunResult, RunSettings};
pub use start::{SEALED, run};
pub use state::{pipeline_digest, project_key};
pub use taint::UNTRUSTED;
pub use untrusted::Untrusted;
