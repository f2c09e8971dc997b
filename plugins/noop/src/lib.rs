//! `noop`: does nothing. For benchmarks, and for a first look at what a step is.

use capstep_sdk::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the step takes; `plugin.toml` documents each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Inputs {
    /// A value to give back.
    #[serde(default)]
    pub echo: Option<Value>,
}

/// What the step gives.
#[derive(Debug, Serialize)]
pub struct Outputs {
    /// The value that was handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo: Option<Value>,
}

/// Does nothing.
///
/// # Errors
/// None.
pub fn run<H>(_: &H, inputs: Inputs) -> Result<Outputs, Failure> {
    Ok(Outputs { echo: inputs.echo })
}

capstep_sdk::step!(run);

#[cfg(test)]
mod tests {
    use capstep_sdk::testing::manifest;
    use serde_json::json;

    use super::*;

    #[test]
    fn it_gives_back_what_it_was_handed() {
        let check = |inputs: &str, expected: &str| {
            assert_eq!(
                capstep_sdk::step::run_json(&(), run, inputs),
                Ok(expected.to_owned())
            );
        };
        check("{}", "{}");
        check(
            r#"{ "echo": [1, { "b": "x", "a": null }] }"#,
            r#"{"echo":[1,{"b":"x","a":null}]}"#,
        );
    }

    #[test]
    fn the_manifest_and_the_code_agree() {
        let outputs = Outputs {
            echo: Some(json!(1)),
        };
        let found = manifest::problems::<Inputs, _>(
            include_str!("../plugin.toml"),
            &json!({}),
            &json!({ "echo": 1 }),
            &outputs,
        );
        assert!(found.is_empty(), "{found:#?}");
    }
}
