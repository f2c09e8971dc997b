//! The second way in: an ordinary program for WASI 0.1 that talks JSON-RPC on its standard input and output, without an
//! SDK. It counts the lines and words of a file that it was handed.

mod base64;

use std::io::{BufRead as _, Write as _};

use serde_json::{Value, json};

/// As much of the file as is asked for at once, in bytes; the text of the test is longer.
const PIECE: u32 = 64;

fn main() {
    let run = receive();
    let answer = match count() {
        Ok(outputs) => json!({ "jsonrpc": "2.0", "id": run["id"], "result": outputs }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": run["id"], "error": error }),
    };
    send(&answer);
}

fn count() -> Result<Value, Value> {
    let (mut lines, mut words, mut offset) = (0_u64, 0_u64, 0);
    let mut in_word = false;
    for id in 1.. {
        let params = json!({ "input": "/file", "entry": "", "offset": offset, "length": PIECE });
        send(&json!({ "jsonrpc": "2.0", "id": id, "method": "files/read", "params": params }));
        let mut answer = receive();
        if answer.get("error").is_some() {
            return Err(answer["error"].take());
        }
        let piece = base64::decode(answer["result"].as_str().unwrap_or_default());
        if piece.is_empty() {
            break;
        }
        offset += piece.len();
        for byte in piece {
            lines += u64::from(byte == b'\n');
            let is_word = !byte.is_ascii_whitespace();
            words += u64::from(is_word && !in_word);
            in_word = is_word;
        }
    }
    Ok(json!({ "lines": lines, "words": words }))
}

fn send(message: &Value) {
    let mut stdout = std::io::stdout().lock();
    // A host that does not listen any more has ended this step.
    let _ = writeln!(stdout, "{message}");
    let _ = stdout.flush();
}

fn receive() -> Value {
    let mut line = String::new();
    let _ = std::io::stdin().lock().read_line(&mut line);
    serde_json::from_str(&line).unwrap_or_default()
}
