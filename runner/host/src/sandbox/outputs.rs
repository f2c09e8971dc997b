//! Reading what a plugin gives back.

use serde_json::Value;

use super::outcome::RunOutcome;

/// The outputs' JSON text, checked for size and shape.
pub(crate) fn parse(text: &str, limit: usize) -> RunOutcome {
    if text.len() > limit {
        return too_large(text.len(), limit);
    }
    match serde_json::from_str(text) {
        Ok(value) => check(value),
        Err(error) => RunOutcome::ProtocolError {
            message: format!("the plugin's outputs are no JSON: {error}"),
        },
    }
}

/// Outputs that are JSON already, whose text's length was checked.
pub(crate) fn check(value: Value) -> RunOutcome {
    match value {
        Value::Object(outputs) => RunOutcome::Finished { outputs },
        other => RunOutcome::ProtocolError {
            message: format!("the plugin's outputs are {}, not an object", kind(&other)),
        },
    }
}

/// The outputs are larger than allowed.
pub(crate) fn too_large(size: usize, limit: usize) -> RunOutcome {
    RunOutcome::ProtocolError {
        message: format!("the plugin's outputs are {size} bytes; at most {limit} are allowed"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// At most `limit` bytes of a text, and a mark where it was longer.
pub(crate) fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit)
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_an_object_of_limited_size() {
        for (text, limit, expected) in [
            ("{\"a\":1}", 100, "finished"),
            ("{}", 2, "finished"),
            (
                "{\"a\":1}",
                6,
                "the plugin's outputs are 7 bytes; at most 6 are allowed",
            ),
            ("[]", 100, "the plugin's outputs are a list, not an object"),
            (
                "",
                100,
                "the plugin's outputs are no JSON: EOF while parsing a value at line 1 column 0",
            ),
        ] {
            let found = match parse(text, limit) {
                RunOutcome::Finished { .. } => "finished".to_owned(),
                RunOutcome::ProtocolError { message } => message,
                other => format!("{other:?}"),
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        for (text, limit, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc…"),
            ("aé", 2, "a…"),
            ("é", 0, "…"),
        ] {
            assert_eq!(cut(text.to_owned(), limit), expected);
        }
    }
}
