//! The engine: runs the jobs and steps of a checked pipeline and tells what happens. It knows no terminal, no home
//! directory and no environment: callers hand over paths, values and a listener.
//!
//! - `settings`: what a run is started with; `cancel`: how it is ended early;
//! - `event`: everything that happens, one closed set; `emitter`: on its way to the listener and to `events.jsonl`;
//! - `dispatcher`: owns the run: which job starts when; `job`: its steps in order; `step`: one step, from its inputs to
//!   its outcome; `plugins`: loaded once each;
//! - `scope`: what expressions see while the pipeline runs; `state`: the folder that a run leaves.

mod cancel;
mod dispatcher;
mod emitter;
mod error;
mod event;
mod job;
mod plugins;
mod scope;
mod settings;
mod state;
mod step;

pub use cancel::Cancel;
pub use dispatcher::run;
pub use error::{PluginFailure, RunError};
pub use event::{EVENT_VERSION, Event, Level, Outcome, StepRef, TimedEvent};
pub use settings::{RunResult, RunSettings};
pub use state::project_key;
