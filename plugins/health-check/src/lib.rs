//! `health-check`: waits until web addresses and TCP ports are healthy.
//!
//! Layout: `inputs` and `outputs` are what the step takes and gives; `expectation`, `status` and `json_path` judge an
//! answer; `target` makes the requests; `probe` tries once; `poll` tries all that is not healthy yet, again and again;
//! `report` shows what came last; `run` puts them together.

mod expectation;
mod inputs;
mod json_path;
mod outputs;
mod poll;
mod probe;
mod report;
mod run;
mod status;
mod target;
mod validate;

pub use inputs::{Expect, Inputs, Method};
pub use outputs::{Outputs, TargetResult};
pub use run::run;

capstep_sdk::step!(run);

#[cfg(test)]
mod tests;
