//! Inputs that make no sense together, found before anything is touched.

use capstep_sdk::Failure;

use crate::inputs::Inputs;

/// # Errors
/// Nothing to do, nowhere to do it, or an input that would be ignored without another.
pub(crate) fn validate(inputs: &Inputs) -> Result<(), Failure> {
    let refuse = |message: &str| Err(Failure::invalid(message));
    if inputs.target.is_empty() {
        return refuse("target: there is no host to deploy to");
    }
    if inputs.upload.is_empty() && inputs.run.is_none() {
        return refuse("there is nothing to do: set `upload`, `run` or both");
    }
    if inputs
        .run
        .as_deref()
        .is_some_and(|script| script.trim().is_empty())
    {
        return refuse("run: the script is empty");
    }
    if inputs.run.is_none() {
        let set = [
            ("env", !inputs.env.is_empty()),
            ("working-directory", inputs.working_directory.is_some()),
            ("timeout", inputs.timeout.is_some()),
        ];
        if let Some((name, _)) = set.into_iter().find(|(_, set)| *set) {
            return refuse(&format!("{name}: is for the script, and there is no `run`"));
        }
    }
    if inputs.release.is_none() && !inputs.shared.is_empty() {
        return refuse("shared: is for releases, and there is no `release`");
    }
    Ok(())
}
