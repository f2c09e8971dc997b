//! The way in: from the host's JSON to the step's own types and back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// Runs `step` with inputs and outputs in JSON. Inputs that don't fit its types are a failure of the kind `invalid`.
///
/// # Errors
/// What the step fails with.
pub fn run_json<H, I: DeserializeOwned, O: Serialize>(
    host: &H,
    step: impl FnOnce(&H, I) -> Result<O, Failure>,
    inputs: &str,
) -> Result<String, Failure> {
    let inputs = serde_json::from_str(inputs)
        .map_err(|error| Failure::invalid(format!("inputs: {error}")))?;
    let outputs = step(host, inputs)?;
    serde_json::to_string(&outputs).map_err(|error| Failure::new(format!("outputs: {error}")))
}

/// Makes a function the component's step: `step!(run)`, where `run` is
/// `fn(host: &impl …, inputs: Inputs) -> Result<Outputs, Failure>`. Does nothing outside wasm.
#[macro_export]
macro_rules! step {
    ($run:path) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code)]
        mod capstep_step {
            use super::*;

            struct Component;

            impl $crate::bindings::Guest for Component {
                fn run(
                    inputs: ::std::string::String,
                ) -> ::std::result::Result<
                    ::std::string::String,
                    $crate::bindings::capstep::step::types::Failure,
                > {
                    $crate::step::run_json(&$crate::Guest, |host, inputs| $run(host, inputs), &inputs)
                        .map_err(::std::convert::Into::into)
                }
            }

            $crate::bindings::export!(Component with_types_in $crate::bindings);
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(_: &(), number: u8) -> Result<u8, Failure> {
        number
            .checked_mul(2)
            .ok_or_else(|| Failure::new("too much"))
    }

    #[test]
    fn json_in_and_out() {
        assert_eq!(run_json(&(), double, "21"), Ok("42".to_owned()));
        assert_eq!(
            run_json(&(), double, "200").unwrap_err().message,
            "too much"
        );
        let failure = run_json(&(), double, "\"x\"").unwrap_err();
        assert_eq!(failure.kind, Some(crate::ErrorKind::Invalid));
    }
}
