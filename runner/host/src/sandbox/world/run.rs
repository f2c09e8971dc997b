//! Calling a component's `run`.

use serde_json::Value;
use wasmtime::Store;

pub(crate) use super::bindings::StepPre;
use super::bindings::capstep::step::types;
use crate::sandbox::limits;
use crate::sandbox::outcome::{Failure, RunOutcome};
use crate::sandbox::outputs;
use crate::sandbox::state::State;

/// Instantiates and calls; a trap is an error.
pub(crate) async fn run(
    pre: &StepPre<State>,
    store: &mut Store<State>,
    inputs: &str,
    outputs_limit: usize,
) -> wasmtime::Result<RunOutcome> {
    let step = pre.instantiate_async(&mut *store).await?;
    Ok(match step.call_run(&mut *store, inputs).await? {
        Ok(text) => outputs::parse(&text, outputs_limit),
        Err(failure) => RunOutcome::Failed(convert(failure)),
    })
}

fn convert(failure: types::Failure) -> Failure {
    Failure {
        message: outputs::cut(failure.message, limits::FAILURE_TEXT),
        kind: failure
            .kind
            .map(|kind| outputs::cut(kind, limits::ATTEMPT_TEXT)),
        // A text that is no JSON still says more than nothing.
        details: failure
            .details
            .map(|text| outputs::cut(text, limits::FAILURE_TEXT))
            .map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
    }
}
