//! One running step, as the host sees it: what it may do, what it did, and what it says.
//!
//! `shared` is the state, `dispatch` the one way from a call to a verb, `effect` what is done around every verb (check,
//! journal, time, mask), `mounts` the folders that
//! a plugin sees directly, `shorten` keeps records small, `voice` what people get to read.

mod dispatch;
mod effect;
mod mounts;
mod shared;
mod shorten;
mod voice;

pub(crate) use effect::Meta;
pub(crate) use shared::Shared;
pub use shared::{StepRun, StepSettings};
pub(crate) use voice::Lines;
