//! What a plain program is started with.

use capstep_host::sandbox::{Arguments, limits};
use serde_json::Value;

/// A plain program's arguments, environment and standard input, from its inputs.
pub(super) fn plain_arguments(name: &str, inputs: &str) -> Arguments {
    let inputs: Value = serde_json::from_str(inputs).unwrap_or_default();
    let texts = |value: Option<&Value>| -> Vec<String> {
        value
            .and_then(Value::as_array)
            .map(|items| {
                items
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default()
    };
    let mut args = vec![name.to_owned()];
    args.extend(texts(inputs.get("args")));
    let env = inputs
        .get("env")
        .and_then(Value::as_object)
        .map(|env| {
            env.iter()
                .filter_map(|(name, value)| {
                    value.as_str().map(|value| (name.clone(), value.to_owned()))
                })
                .collect()
        })
        .unwrap_or_default();
    let stdin = inputs
        .get("stdin")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .as_bytes()
        .to_vec();
    Arguments::Plain {
        args,
        env,
        stdin,
        stdout_capture_limit: limits::STDOUT_CAPTURE,
    }
}
