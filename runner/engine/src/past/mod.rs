//! Runs that have been: what their folders say, read back.
//!
//! - `record`: `run.json`, and whether the run lives, has ended or was cut short;
//! - `folder`: all runs of a state folder, newest first, and the one that somebody means;
//! - `lines`: `events.jsonl`, line by line, whatever its size.
//!
//! Everything here was written by this program, and may have been cut off anywhere: what can't be read is missing, never
//! made up.

mod folder;
mod lines;
mod record;

pub use folder::{FindError, PastRuns};
pub use lines::EventLine;
pub(crate) use record::is_held;
pub use record::{PastRun, RunRecord, RunState};
