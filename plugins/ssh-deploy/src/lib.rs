//! `ssh-deploy`: copies files to servers over SSH and runs the pipeline's script there.
//!
//! The step says in which order things happen. Keys, host keys, environment, directory and the files' bytes are the
//! host's: they follow from the manifest, and this code never has them.
//!
//! Layout: `inputs` and `outputs` are what the step takes and gives, `validate` finds what makes no sense together,
//! `run` goes through the hosts, one after the other or several at once, `rollout` says what came of them, `host` deploys
//! to one, `release` is its all-or-nothing, `script` runs the pipeline's text, `transfers` copies.

mod host;
mod inputs;
mod outputs;
mod release;
mod rollout;
mod run;
mod script;
mod transfers;
mod validate;

pub use inputs::{Inputs, Jump, Shell, Upload};
pub use outputs::{HostResult, Outputs};
pub use run::run;

capstep_sdk::step!(run);

#[cfg(test)]
mod tests;
