//! Messages of JSON-RPC 2.0, read and written.

use serde_json::{Map, Value, json};

use super::methods;
use crate::protocol::{Answer, Call, ErrorKind, VerbError};
use crate::sandbox::limits;
use crate::sandbox::outcome::Failure;

/// The version of the conversation that the first message names.
const PROTOCOL: u32 = 1;

/// The host's one request.
const RUN_ID: u64 = 0;

/// Codes of JSON-RPC.
mod code {
    pub(super) const INVALID_REQUEST: i32 = -32600;
    pub(super) const METHOD_NOT_FOUND: i32 = -32601;
    pub(super) const INVALID_PARAMS: i32 = -32602;
    /// A verb's own error; `data` is its record.
    pub(super) const VERB: i32 = -32000;
}

/// What a line from the guest is.
#[derive(Debug, PartialEq)]
pub(crate) enum Message {
    /// A call.
    Call {
        /// To answer with.
        id: Value,
        call: Box<Call>,
    },
    /// The outputs.
    Outputs(Value),
    /// The guest's failure.
    Failure(Failure),
    /// Something that is answered with this at once.
    Refused(String),
    /// No message; the text is for the log.
    Noise(String),
}

/// The line that starts a run.
pub(crate) fn run(inputs: &str) -> Result<String, String> {
    let inputs: Map<String, Value> = serde_json::from_str(inputs)
        .map_err(|error| format!("the step's inputs are no JSON object: {error}"))?;
    let line = line(&json!({
        "jsonrpc": "2.0", "id": RUN_ID, "method": "run", "params": { "protocol": PROTOCOL, "inputs": inputs },
    }));
    if line.len() > limits::MESSAGE {
        return Err(format!(
            "the step's inputs are {} bytes; a message has at most {}",
            line.len(),
            limits::MESSAGE
        ));
    }
    Ok(line)
}

/// Reads a line.
pub(crate) fn read(line: &[u8]) -> Message {
    let Ok(Value::Object(mut message)) = serde_json::from_slice(line) else {
        return Message::Noise(String::from_utf8_lossy(line).into_owned());
    };
    let id = message.remove("id");
    if !message.contains_key("jsonrpc") && !message.contains_key("method") {
        // An object that a program prints for itself.
        return Message::Noise(String::from_utf8_lossy(line).into_owned());
    }
    let refuse = |message: &str| {
        let id = id.clone().unwrap_or(Value::Null);
        Message::Refused(refusal(&id, code::INVALID_REQUEST, message, None))
    };
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return refuse("`jsonrpc` must be \"2.0\"");
    }
    match (
        message.remove("method"),
        message.remove("result"),
        message.remove("error"),
    ) {
        (Some(Value::String(method)), None, None) => match id {
            Some(id @ (Value::Number(_) | Value::String(_))) => read_call(
                id,
                &method,
                message.remove("params").unwrap_or_else(|| json!({})),
            ),
            _ => refuse("a call needs an `id`, a number or a string; there are no notifications"),
        },
        (None, result, error) if result.is_some() != error.is_some() => {
            if id.as_ref().and_then(Value::as_u64) != Some(RUN_ID) {
                return refuse("only the call `run`, with the id 0, can be answered");
            }
            match (result, error) {
                (Some(outputs), _) => Message::Outputs(outputs),
                (_, error) => Message::Failure(failure(error.unwrap_or_default())),
            }
        }
        _ => refuse("a message has one of `method`, `result` and `error`"),
    }
}

fn read_call(id: Value, method: &str, params: Value) -> Message {
    if !methods::is_known(method) {
        let message = methods::unknown(method);
        return Message::Refused(refusal(
            &id,
            code::METHOD_NOT_FOUND,
            &message,
            Some(ErrorKind::Unsupported),
        ));
    }
    match serde_json::from_value(json!({ "method": method, "params": params })) {
        Ok(call) => Message::Call {
            id,
            call: Box::new(call),
        },
        Err(error) => {
            let message = format!("`{method}`: {error}");
            Message::Refused(refusal(
                &id,
                code::INVALID_PARAMS,
                &message,
                Some(ErrorKind::Invalid),
            ))
        }
    }
}

/// The error of an answer to `run`. A program may send the record of a verb's error on as `data`.
fn failure(error: Value) -> Failure {
    let text = |at: &str| error.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let cut = |text: String| super::super::outputs::cut(text, limits::FAILURE_TEXT);
    let details = match error.pointer("/data") {
        Some(Value::Object(data)) if data.contains_key("kind") => data.get("details").cloned(),
        other => other.cloned(),
    };
    Failure {
        message: text("/message")
            .map_or_else(|| "the plugin failed and did not say why".to_owned(), cut),
        kind: text("/data/kind").map(|kind| super::super::outputs::cut(kind, limits::ATTEMPT_TEXT)),
        details: details.filter(|details| !details.is_null()),
    }
}

/// The line that answers a call.
pub(crate) fn answer(id: &Value, result: Result<Answer, VerbError>) -> String {
    let error = match result.map(|answer| serde_json::to_value(&answer)) {
        Ok(Ok(value)) => {
            let line = line(&json!({ "jsonrpc": "2.0", "id": id, "result": value }));
            if line.len() <= limits::MESSAGE {
                return line;
            }
            let message = format!(
                "the answer is {} bytes; a message has at most {}: ask for less, or let the host move the bytes (`op/pipe`)",
                line.len(),
                limits::MESSAGE,
            );
            VerbError::new(ErrorKind::TooLarge, message)
        }
        Ok(Err(error)) => VerbError::new(
            ErrorKind::Internal,
            format!("the answer can't be written: {error}"),
        ),
        Err(error) => error,
    };
    error_line(id, &error)
}

fn error_line(id: &Value, error: &VerbError) -> String {
    let with = |data: &VerbError| {
        line(&json!({
            "jsonrpc": "2.0", "id": id, "error": { "code": code::VERB, "message": error.message, "data": data },
        }))
    };
    let whole = with(error);
    if whole.len() <= limits::MESSAGE {
        return whole;
    }
    let message = super::super::outputs::cut(error.message.clone(), limits::FAILURE_TEXT);
    let short = VerbError {
        message,
        details: Value::Null,
        ..error.clone()
    };
    line(&json!({
        "jsonrpc": "2.0", "id": id, "error": { "code": code::VERB, "message": short.message, "data": short },
    }))
}

/// The line that refuses a call without asking the host.
fn refusal(id: &Value, code: i32, message: &str, kind: Option<ErrorKind>) -> String {
    let data = kind.map(|kind| VerbError::new(kind, message));
    line(
        &json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message, "data": data } }),
    )
}

/// A value as a line. (JSON has no bare line ends.)
fn line(value: &Value) -> String {
    let mut text = value.to_string();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        for (line, expected) in [
            (r#"{"jsonrpc":"2.0","id":1,"method":"time/now"}"#, "call 1"),
            (
                r#"{"jsonrpc":"2.0","id":"a","method":"op/next","params":{"self":3,"timeout":"2s"}}"#,
                "call \"a\"",
            ),
            (
                r#"{"jsonrpc":"2.0","id":0,"result":{"a":1}}"#,
                "outputs {\"a\":1}",
            ),
            (
                r#"{"jsonrpc":"2.0","id":0,"error":{"code":1,"message":"no"}}"#,
                "failure no",
            ),
            (
                r#"{"jsonrpc":"2.0","id":0,"error":{}}"#,
                "failure the plugin failed and did not say why",
            ),
            ("hello", "noise hello"),
            ("42", "noise 42"),
            (r#"{"level":"info"}"#, r#"noise {"level":"info"}"#),
            ("[]", "noise []"),
            (
                r#"{"jsonrpc":"2.0","method":"time/now"}"#,
                "refused null -32600",
            ),
            (
                r#"{"jsonrpc":"1.0","id":1,"method":"time/now"}"#,
                "refused 1 -32600",
            ),
            (r#"{"id":1,"method":"time/now"}"#, "refused 1 -32600"),
            (
                r#"{"jsonrpc":"2.0","id":5,"result":{}}"#,
                "refused 5 -32600",
            ),
            (
                r#"{"jsonrpc":"2.0","id":0,"result":{},"error":{}}"#,
                "refused 0 -32600",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"files/raed"}"#,
                "refused 1 -32601",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"files/read","params":{}}"#,
                "refused 1 -32602",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"op/drop","params":{"self":1,"x":1}}"#,
                "refused 1 -32602",
            ),
        ] {
            let found = match read(line.as_bytes()) {
                Message::Call { id, .. } => format!("call {id}"),
                Message::Outputs(value) => format!("outputs {value}"),
                Message::Failure(failure) => format!("failure {}", failure.message),
                Message::Noise(text) => format!("noise {text}"),
                Message::Refused(line) => {
                    let answer: Value = serde_json::from_str(&line).unwrap();
                    format!("refused {} {}", answer["id"], answer["error"]["code"])
                }
            };
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn a_verbs_error_is_sent_on_as_the_failure() {
        let line = br#"{"jsonrpc":"2.0","id":0,"error":{"code":1,"message":"m","data":{"kind":"peer","message":"m","details":{"a":1}}}}"#;
        let expected = Failure {
            message: "m".into(),
            kind: Some("peer".into()),
            details: Some(json!({ "a": 1 })),
        };
        assert_eq!(read(line), Message::Failure(expected));
    }

    #[test]
    fn answers_stay_within_a_message() {
        let whole = answer(&json!(1), Ok(Answer::Handle(7)));
        assert_eq!(whole, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":7}\n");
        let large = answer(
            &json!(1),
            Ok(Answer::Bytes(vec![0; limits::MESSAGE].into())),
        );
        assert!(large.len() < 1000 && large.contains("too-large"), "{large}");
        let error = VerbError::new(ErrorKind::Peer, "x".repeat(2 * limits::MESSAGE));
        assert!(answer(&json!(1), Err(error)).len() < limits::MESSAGE);
    }
}
