//! Puts the parts together.

use capstep_sdk::Failure;
use capstep_sdk::http::Http;
use capstep_sdk::log::Log;
use capstep_sdk::tcp::Tcp;
use capstep_sdk::time::Time;

use crate::expectation::Expectation;
use crate::inputs::Inputs;
use crate::outputs::Outputs;
use crate::poll::poll;
use crate::report;
use crate::target::{Target, targets};
use crate::validate::validate;

/// Waits until every target is healthy.
///
/// # Errors
/// Inputs that make no sense together (`invalid`); a denial and the step's cancelling, at once; and targets that are
/// not healthy after all attempts, which is a finding and has no kind.
pub fn run(host: &(impl Http + Tcp + Time + Log), inputs: Inputs) -> Result<Outputs, Failure> {
    validate(&inputs)?;
    let expectation = Expectation::compile(&inputs.expect)?;
    let mut targets = targets(&inputs, &expectation);
    let course = poll(host, &inputs, &expectation, &mut targets)?;
    if targets.iter().all(|target| target.healthy) {
        let results = targets.iter().map(Target::result).collect();
        Ok(Outputs {
            results,
            attempts: course.attempts,
            waited: course.waited.rounded().to_string(),
        })
    } else {
        Err(report::failure(host, &inputs, &targets, course))
    }
}
