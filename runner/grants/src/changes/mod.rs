//! What a change of the pipeline adds to its authority, widens in it, and takes away: two plans, held against each other.
//!
//! - `covers`: whether one grant already allows all that another one does;
//! - `pair`: which step of the old plan is which of the new;
//! - `caches`: what a job keeps between runs; `environment`: where it deploys to;
//! - `host_keys`: to whom a step logs in;
//! - `compare`: the differences of two plans.
//!
//! What is compared is authority: what steps may touch and where secrets go. A step that moved, or that hands over the
//! same things by other inputs, is no difference.

mod caches;
mod compare;
mod covers;
mod environment;
mod host_keys;
mod pair;
#[cfg(test)]
mod tests;

pub use compare::{Change, ChangeKind, Changes, Side, compare};
