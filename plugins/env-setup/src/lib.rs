//! `env-setup`: writes a file of environment variables, plain values and secrets together.
//!
//! The step sees names and plain values; where a secret stands it sees a placeholder, and the host writes the file.
//! Layout: `inputs` is what the step takes, `mode` reads permission bits, `checks` finds what is missing or empty,
//! `schema` and `kinds` judge plain values, `run` puts them together.

mod checks;
mod inputs;
mod kinds;
mod mode;
mod problem;
mod run;
mod schema;

pub use inputs::{Format, Inputs, Outputs};
pub use kinds::ValueKind;
pub use run::run;
pub use schema::Rule;

capstep_sdk::step!(run);

#[cfg(test)]
mod tests;
