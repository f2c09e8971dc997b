//! From host to host, up to the first that fails.

use capstep_sdk::Failure;
use capstep_sdk::log::Log;
use capstep_sdk::ssh::Ssh;

use crate::host;
use crate::inputs::Inputs;
use crate::outputs::{HostResult, Outputs};
use crate::validate::validate;

/// Deploys.
///
/// # Errors
/// Inputs that make no sense together (`invalid`); what the first failing host's connection, copying or release ended
/// in, with that call's kind; a script that ended in an error (`peer`). The details have what was done on each host
/// before.
pub fn run(host: &(impl Ssh + Log), inputs: Inputs) -> Result<Outputs, Failure> {
    validate(&inputs)?;
    let mut done: Vec<HostResult> = Vec::new();
    for (pointer, target) in inputs.target.pointed("target") {
        match host.grouped(target, || {
            host::deploy(host, &inputs, pointer.as_str(), target)
        }) {
            Ok(result) => done.push(result),
            Err(failure) => return Err(with_history(failure, &done, inputs.target.len(), target)),
        }
    }
    Ok(done.into())
}

/// Says which hosts have the new version already and which were not reached: after a failure that is what one must
/// know.
fn with_history(mut failure: Failure, done: &[HostResult], all: usize, failed: &str) -> Failure {
    if all > 1 {
        let before: Vec<&str> = done.iter().map(|host| host.target.as_str()).collect();
        let before = if before.is_empty() {
            "none".to_owned()
        } else {
            before.join(", ")
        };
        let untouched = all - done.len() - 1;
        failure.message = format!(
            "{} (deployed before: {before}; not reached: {untouched})",
            failure.message
        );
    }
    let cause = failure
        .details
        .take()
        .and_then(|details| serde_json::from_str::<serde_json::Value>(&details).ok());
    failure.with_details(&serde_json::json!({ "failed": failed, "deployed": done, "cause": cause }))
}
