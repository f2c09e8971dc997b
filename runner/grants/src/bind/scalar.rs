//! Data: is a value what its type says?

use capstep_pipeline::{parse_duration, parse_size};
use serde_json::Value;

use crate::manifest::Kind;
use crate::text;

/// Checks a known value against a type that is no list, map or record; gives it in the form that plugins see.
///
/// # Errors
/// What was expected, as a sentence without its end.
pub(crate) fn check(kind: &Kind, value: &Value, raw: Option<&str>) -> Result<Value, String> {
    let text = || as_text(value, raw);
    let expected = |what: &str| format!("expected {what}, found {}", describe(value));
    match kind {
        Kind::String { min, max, pattern } => {
            let text = text().ok_or_else(|| expected("text"))?;
            let length = text.chars().count();
            if min.is_some_and(|min| length < min) || max.is_some_and(|max| length > max) {
                return Err(format!(
                    "expected {}, found {length}",
                    range(min.as_ref(), max.as_ref(), " characters")
                ));
            }
            if let Some(pattern) = pattern
                && !regex::Regex::new(&format!("^(?:{pattern})$"))
                    .is_ok_and(|regex| regex.is_match(&text))
            {
                return Err(format!("`{text}` does not match `{pattern}`"));
            }
            Ok(Value::String(text))
        }
        Kind::Boolean => match value {
            Value::Bool(_) => Ok(value.clone()),
            _ => Err(expected("true or false")),
        },
        Kind::Integer { min, max } => {
            let number = value.as_i64().ok_or_else(|| expected("a whole number"))?;
            if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
                return Err(format!(
                    "expected {}, found {number}",
                    range(min.as_ref(), max.as_ref(), "")
                ));
            }
            Ok(value.clone())
        }
        Kind::Number { min, max } => {
            let number = value.as_f64().ok_or_else(|| expected("a number"))?;
            if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
                return Err(format!(
                    "expected {}, found {number}",
                    range(min.as_ref(), max.as_ref(), "")
                ));
            }
            Ok(value.clone())
        }
        Kind::Duration => {
            let text = value
                .as_str()
                .ok_or_else(|| expected("a duration such as `10s` or `5m`"))?;
            parse_duration(text).map_err(|error| error.to_string())?;
            Ok(value.clone())
        }
        Kind::Size => {
            let text = value
                .as_str()
                .ok_or_else(|| expected("a size such as `64MiB`"))?;
            parse_size(text).map_err(|error| error.to_string())?;
            Ok(value.clone())
        }
        Kind::Enum(values) => {
            let text = text().ok_or_else(|| expected("one word"))?;
            if values.contains(&text) {
                return Ok(Value::String(text));
            }
            let known: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
            Err(format!("`{text}` is none of {}", known.join(", ")))
        }
        Kind::Regex => {
            let text = value
                .as_str()
                .ok_or_else(|| expected("a regular expression"))?;
            regex::Regex::new(text)
                .map_err(|error| format!("`{text}` is no regular expression: {error}"))?;
            Ok(value.clone())
        }
        Kind::Json => Ok(value.clone()),
        Kind::Script { .. } => Ok(Value::String(
            value
                .as_str()
                .ok_or_else(|| expected("the script's text"))?
                .to_owned(),
        )),
        Kind::Path
        | Kind::Url { .. }
        | Kind::TcpAddress
        | Kind::SshTarget
        | Kind::Image
        | Kind::Registry
        | Kind::State => {
            let text = text().ok_or_else(|| expected(kind.word()))?;
            text::authority(kind, &text)?;
            Ok(Value::String(text))
        }
        Kind::RemotePath { .. } => {
            let text = text().ok_or_else(|| expected("a remote path"))?;
            crate::remote_path::parse(&text)?;
            Ok(Value::String(text))
        }
        Kind::Secret => {
            Err("a secret is expected here, never its text: write `${{ secrets.NAME }}`".to_owned())
        }
        Kind::List(_) | Kind::Map(_) | Kind::Record(_) => Err(expected(kind.word())),
    }
}

/// A scalar as text: numbers and booleans as they were written, so that `1.10` stays `1.10`.
fn as_text(value: &Value, raw: Option<&str>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(raw.map_or_else(|| number.to_string(), str::to_owned)),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// `1 to 3 characters`, `at least 2`: what a number, or a number of things, may be.
fn range<T: std::fmt::Display>(min: Option<&T>, max: Option<&T>, of: &str) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}{of}"),
        (Some(min), None) => format!("at least {min}{of}"),
        (None, Some(max)) => format!("at most {max}{of}"),
        (None, None) => format!("any number{of}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_and_types() {
        let string = |min, max, pattern: Option<&str>| Kind::String {
            min,
            max,
            pattern: pattern.map(str::to_owned),
        };
        let check =
            |kind: &Kind, value: Value, raw: Option<&str>, expected: Result<Value, &str>| match (
                check(kind, &value, raw),
                expected,
            ) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected),
                (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
                (got, expected) => panic!("{kind:?} {value}: {got:?} against {expected:?}"),
            };
        check(
            &string(None, None, None),
            json!(1.1),
            Some("1.10"),
            Ok(json!("1.10")),
        );
        check(
            &string(None, None, None),
            json!(true),
            None,
            Ok(json!("true")),
        );
        check(
            &string(None, None, None),
            json!(null),
            None,
            Err("expected text, found nothing"),
        );
        check(
            &string(Some(2), None, None),
            json!("a"),
            None,
            Err("at least 2"),
        );
        check(
            &string(None, Some(1), None),
            json!("ab"),
            None,
            Err("at most 1"),
        );
        check(
            &string(None, None, Some("[a-z]+")),
            json!("a1"),
            None,
            Err("does not match"),
        );
        check(
            &Kind::Boolean,
            json!("yes"),
            None,
            Err("expected true or false, found text"),
        );
        check(
            &Kind::Integer {
                min: Some(1),
                max: Some(9),
            },
            json!(10),
            None,
            Err("1 to 9"),
        );
        check(
            &Kind::Integer {
                min: None,
                max: None,
            },
            json!(1.5),
            None,
            Err("a whole number"),
        );
        check(
            &Kind::Number {
                min: None,
                max: Some(1.0),
            },
            json!(2),
            None,
            Err("at most 1"),
        );
        check(&Kind::Duration, json!("10s"), None, Ok(json!("10s")));
        check(&Kind::Duration, json!(10), None, Err("a duration"));
        check(&Kind::Size, json!("64MiB"), None, Ok(json!("64MiB")));
        check(
            &Kind::Enum(vec!["a".into(), "b".into()]),
            json!("c"),
            None,
            Err("none of `a`, `b`"),
        );
        check(&Kind::Regex, json!("("), None, Err("no regular expression"));
        check(&Kind::Secret, json!("hunter2"), None, Err("never its text"));
        check(
            &Kind::SshTarget,
            json!("web"),
            None,
            Err("names no account"),
        );
        check(
            &Kind::RemotePath {
                target: crate::manifest::SiblingRef::Requirement(String::new()),
            },
            json!("/a/../b"),
            None,
            Err(".."),
        );
        check(
            &Kind::List(Box::new(super::super::walk::tests_support_input(
                Kind::Boolean,
            ))),
            json!(1),
            None,
            Err("expected list"),
        );
    }
}
