//! Operations: work that goes on by itself while the plugin waits, or doesn't.
//!
//! `operation` is one of them, `table` all of a step's, `flow` the bytes that can be piped between two, `held`
//! what they keep in memory.

mod flow;
mod held;
mod operation;
mod table;

pub(crate) use flow::{FlowSource, Flowing};
pub(crate) use held::{Held, Lease};
pub(crate) use operation::{Operation, Outcome, Reporter};
pub(crate) use table::Table;
