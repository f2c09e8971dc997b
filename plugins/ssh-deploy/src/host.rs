//! One host: log in, copy, run, and where there are releases all of that or nothing.

use capstep_sdk::Failure;
use capstep_sdk::log::Log;
use capstep_sdk::ssh::Ssh;

use crate::inputs::Inputs;
use crate::outputs::HostResult;
use crate::{release, script, transfers};

/// Deploys to the target at this pointer. The connection is closed at the end, whatever that is.
pub(crate) fn deploy<H: Ssh + Log>(
    host: &H,
    inputs: &Inputs,
    pointer: &str,
    target: &str,
) -> Result<HostResult, Failure> {
    let session = host
        .connect(pointer)
        .map_err(|error| Failure::from(error).while_doing(target))?;
    let mut result = HostResult {
        target: target.to_owned(),
        ..HostResult::default()
    };
    if inputs.release.is_some() {
        release::within(host, &session, &mut result, |result| {
            work(host, &session, inputs, result)
        })?;
    } else {
        work(host, &session, inputs, &mut result)?;
    }
    Ok(result)
}

fn work<H: Ssh + Log>(
    host: &H,
    session: &H::Session,
    inputs: &Inputs,
    result: &mut HostResult,
) -> Result<(), Failure> {
    if !inputs.upload.is_empty() {
        transfers::upload(host, session, &inputs.upload, result)?;
    }
    if let Some(text) = &inputs.run {
        script::run(host, session, text, inputs.timeout, result)?;
    }
    Ok(())
}
