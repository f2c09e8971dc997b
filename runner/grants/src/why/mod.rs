//! Why may it be touched? Which lines of a pipeline let which step touch a thing, and how.
//!
//! - `asked`: what a text can mean: a secret, a host, a URL, a path here or on a server;
//! - `touch`: whether one authority reaches it;
//! - `release`: the same of what is relative to a release;
//! - `find`: the same for a whole plan, with what follows from it: scripts and secrets that go there.

mod asked;
mod find;
mod release;
mod touch;

pub use find::{Certainty, Finding, Reached, find, known_names};
