//! A plugin without manners: it makes the calls that its input `calls` lists and gives back every answer, whatever it
//! was. It speaks the command protocol by hand, without the SDK, as a stranger's plugin might.
//!
//! A call is `{ "method": "files/read", "params": { … }, "as": "name" }`. A text `"$name"` in later parameters stands
//! for what the call `name` gave, `$$name` anywhere in one for the input `name` as the plugin sees it. Methods that begin with `local/` are done by the plugin itself:
//!
//! - `local/wait { op }`: reads an operation's events to its end; gives what it said;
//! - `local/connect { address }`, `local/lookup { name }`: sockets and name lookups of its own;
//! - `local/http { method, url, headers, body }`: a request by `wasi:http`, as existing libraries send them;
//! - `local/read { path }`, `local/environment`: files and environment variables of its own;
//! - `local/spin`: never ends; `local/grow { bytes }`: takes memory; `local/print { bytes, lines }`: writes to standard
//!   output; `local/repeat { times }`: makes the call before again, without its answers; `local/give { bytes }`: adds so much to the outputs; `local/panic`; `local/exit { code }`;
//! - `local/put { name, value }`: gives an output;
//! - `local/fail { kind, message }`: ends with this failure, after the other calls.

mod http;
mod local;

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};

use serde_json::{Value, json};

/// What calls gave, by name.
type Names = BTreeMap<String, Value>;

/// The conversation with the host.
pub(crate) struct Host {
    next: u64,
}

impl Host {
    fn send(&self, message: &Value) {
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "{message}");
        let _ = stdout.flush();
    }

    fn receive(&self) -> Value {
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(1..) => serde_json::from_str(&line).unwrap_or_default(),
            _ => std::process::exit(9),
        }
    }

    /// Makes a call and waits for its answer.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let mut answer = self.receive();
            if answer["id"] == id {
                return match answer.get("error") {
                    Some(_) => Err(answer["error"]["data"].take()),
                    None => Ok(answer["result"].take()),
                };
            }
        }
    }
}

fn main() {
    let mut host = Host { next: 0 };
    let run = host.receive();
    let mut names = Names::new();
    let mut answers = Vec::new();
    let mut last: Option<(String, Value)> = None;
    let mut outputs = json!({});
    let mut failure = None;
    for call in run["params"]["inputs"]["calls"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let method = call["method"].as_str().unwrap_or_default();
        let mut params = call.get("params").cloned().unwrap_or_else(|| json!({}));
        fill_in(&mut params, &names);
        put_inputs(&mut params, &run["params"]["inputs"]);
        if method == "local/repeat" {
            // The call before, so often again.
            let times = params["times"].as_u64().unwrap_or_default();
            for _ in 0..times {
                if let Some((method, params)) = &last {
                    let _ = host.call(method, params);
                }
            }
            continue;
        }
        if method == "local/fail" {
            failure = Some(params);
            continue;
        }
        last = Some((method.to_owned(), params.clone()));
        let answer = match method.strip_prefix("local/") {
            Some(act) => local::act(&mut host, act, &params, &mut outputs),
            None => host.call(method, &params),
        };
        if let (Some(name), Ok(value)) = (call["as"].as_str(), &answer) {
            names.insert(name.to_owned(), value.clone());
        }
        answers.push(match answer {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": error }),
        });
    }
    if let Some(failure) = failure {
        let error = json!({ "code": 1, "message": failure["message"], "data": failure });
        host.send(&json!({ "jsonrpc": "2.0", "id": run["id"], "error": error }));
        return;
    }
    outputs["answers"] = json!(answers);
    outputs["inputs"] = run["params"]["inputs"].clone();
    if let Some(inputs) = outputs["inputs"].as_object_mut() {
        inputs.remove("calls");
    }
    host.send(&json!({ "jsonrpc": "2.0", "id": run["id"], "result": outputs }));
}

/// Puts inputs in: a secret's is a placeholder.
fn put_inputs(value: &mut Value, inputs: &Value) {
    match value {
        Value::String(text) => {
            for (name, input) in inputs.as_object().into_iter().flatten() {
                if let Some(input) = input.as_str() {
                    *text = text.replace(&format!("$${name}"), input);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put_inputs(item, inputs)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| put_inputs(field, inputs)),
        _ => {}
    }
}

/// Puts earlier answers in.
fn fill_in(value: &mut Value, names: &Names) {
    match value {
        Value::String(text) => {
            if let Some(found) = text.strip_prefix('$').and_then(|name| names.get(name)) {
                *value = found.clone();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill_in(item, names)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill_in(field, names)),
        _ => {}
    }
}
