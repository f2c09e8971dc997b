//! The engine: runs the jobs and steps of a checked pipeline and tells what happens.

mod event;

pub use event::{EVENT_VERSION, Event, Level, Outcome, StepRef, TimedEvent};
