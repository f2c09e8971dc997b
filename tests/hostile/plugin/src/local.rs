//! What the plugin tries without the host's verbs.

use std::io::Write as _;
use std::net::{TcpStream, ToSocketAddrs as _};

use serde_json::{Value, json};

use crate::Host;

/// Does one thing.
pub(crate) fn act(
    host: &mut Host,
    act: &str,
    params: &Value,
    outputs: &mut Value,
) -> Result<Value, Value> {
    let text = |key: &str| params[key].as_str().unwrap_or_default();
    let number =
        |key: &str| usize::try_from(params[key].as_u64().unwrap_or_default()).unwrap_or_default();
    match act {
        "wait" => wait(host, &params["op"]),
        "connect" => {
            let address: std::net::SocketAddr = text("address").parse().map_err(shown)?;
            TcpStream::connect(address)
                .map(|_| json!("connected"))
                .map_err(shown)
        }
        "lookup" => {
            let found = (text("name"), 80).to_socket_addrs().map_err(shown)?;
            Ok(json!(
                found.map(|address| address.to_string()).collect::<Vec<_>>()
            ))
        }
        "http" => crate::http::send(params),
        "read" => std::fs::read_to_string(text("path"))
            .map(Value::String)
            .map_err(shown),
        "environment" => Ok(json!(
            std::env::vars().collect::<std::collections::BTreeMap<_, _>>()
        )),
        "spin" => loop {
            std::hint::black_box(());
        },
        "grow" => {
            let bytes = vec![1_u8; number("bytes")];
            Ok(json!(std::hint::black_box(bytes).len()))
        }
        "print" => {
            let line = "x".repeat(number("bytes"));
            let mut stdout = std::io::stdout().lock();
            for _ in 0..number("lines").max(1) {
                if writeln!(stdout, "{line}").is_err() {
                    break;
                }
            }
            Ok(Value::Null)
        }
        "give" => {
            outputs["large"] = Value::String("x".repeat(number("bytes")));
            Ok(Value::Null)
        }
        "put" => {
            outputs[text("name")] = params["value"].clone();
            Ok(Value::Null)
        }
        "panic" => panic!("the plugin panics"),
        "exit" => std::process::exit(i32::try_from(number("code")).unwrap_or(1)),
        _ => Err(json!(format!("there is no act `{act}`"))),
    }
}

fn wait(host: &mut Host, op: &Value) -> Result<Value, Value> {
    let mut events = Vec::new();
    loop {
        let event = host.call("op/next", &json!({ "self": op }))?;
        if event == "done" {
            return Ok(Value::Array(events));
        }
        events.push(event);
    }
}

fn shown(error: impl std::fmt::Display) -> Value {
    Value::String(error.to_string())
}
