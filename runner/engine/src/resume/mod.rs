//! A part of a pipeline run again: from a step on, some steps alone, or what failed.
//!
//! What is not run again is *taken* from the record of an earlier run of the same pipeline: how it ended, and its
//! outputs. Nothing is taken that the record doesn't have.
//!
//! - `recorded`: what the earlier run's events say;
//! - `part`: what the new run does with each job and step;
//! - `choose`: from what was asked for to that;
//! - `needed`: whether the outputs that the steps refer to can be taken;
//! - `error`: why not;
//! - `apply`: in the run itself.

mod apply;
mod choose;
mod error;
mod needed;
mod part;
mod recorded;

pub(crate) use apply::{completes, is_partial, passes_over, settled};
pub use choose::{Again, choose};
pub use error::ResumeError;
pub use part::{JobPart, Resume, StepPart};
pub use recorded::Recorded;
