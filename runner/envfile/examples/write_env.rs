//! Reads `[{"name": …, "value": …}, …]` on standard input and writes the environment file for the
//! format that the first argument names: `write_env compose < entries.json > .env`.
#![allow(clippy::print_stderr)]

use std::io::{Read, Write};
use std::process::ExitCode;

use capstep_envfile::{EncodeOptions, Entry, EnvFormat, encode};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("write_env: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let format = std::env::args().nth(1).unwrap_or_default();
    let format = EnvFormat::parse(&format)
        .ok_or("usage: write_env compose|docker|shell|json < entries.json")?;
    let mut input = String::new();
    std::io::stdin()
        .read_to_string(&mut input)
        .map_err(|error| error.to_string())?;
    let input: Vec<serde_json::Value> =
        serde_json::from_str(&input).map_err(|error| error.to_string())?;
    let entries = input
        .iter()
        .map(|entry| {
            Some(Entry {
                name: entry.get("name")?.as_str()?,
                value: entry.get("value")?.as_str()?,
            })
        })
        .collect::<Option<Vec<_>>>()
        .ok_or("each entry needs a string `name` and a string `value`")?;
    let text = encode(format, &entries, &EncodeOptions::default())
        .map_err(|error| format!("{error}: {}", error.hint))?;
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| error.to_string())
}
