//! `docker-build`: builds an image, names it, and pushes it.
//!
//! The step says in which order things happen. The context's files, the Dockerfile, arguments, secrets and logins are
//! the host's: they follow from the manifest, and this code never has them.
//!
//! Layout: `inputs` and `outputs` are what the step takes and gives, `validate` finds what makes no sense together,
//! `run` logs in, builds and pushes.

mod inputs;
mod outputs;
mod run;
mod validate;

pub use inputs::{CacheTo, Inputs, Network, Registry};
pub use outputs::{Outputs, Tag};
pub use run::run;

capstep_sdk::step!(run);

#[cfg(test)]
mod tests;
