//! `docker --env-file` itself, with an engine: what a container gets is what was written.
#![allow(clippy::unwrap_used)]

use capstep_envfile::{EncodeOptions, Entry, EnvFormat, encode};
use capstep_test_engine::Dockerd;
use serde_json::Value;

/// What a container that is created with this file has in its environment, of the variables of the test.
fn environment(engine: &Dockerd, text: &str) -> Vec<(String, String)> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    let output = engine
        .command("docker")
        .args(["create", "--env-file"])
        .arg(file.path())
        .args(["base", "true"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let id = String::from_utf8(output.stdout).unwrap();
    let container = engine.ask("GET", &format!("/containers/{}/json", id.trim()));
    let variables = container["Config"]["Env"].as_array().unwrap();
    let pairs = variables
        .iter()
        .filter_map(|pair| pair.as_str().unwrap().split_once('='));
    pairs
        .filter(|(name, _)| name.starts_with('V'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn a_container_gets_what_was_written() {
    let engine = Dockerd::start();
    let values: Vec<Value> = serde_json::from_str(include_str!("readers/values.json")).unwrap();
    let one = |name: &str, value: &str| {
        let options = EncodeOptions::default();
        encode(EnvFormat::Docker, &[Entry { name, value }], &options)
    };
    // Those that the format can hold; the others are refused when they are written.
    let held: Vec<(String, String)> = values
        .iter()
        .filter_map(Value::as_str)
        .filter(|value| one("V", value).is_ok())
        .enumerate()
        .map(|(index, value)| (format!("V{index}"), value.to_owned()))
        .collect();
    assert!(held.len() > 50, "{}", held.len());
    let entries: Vec<Entry<'_>> = held
        .iter()
        .map(|(name, value)| Entry { name, value })
        .collect();
    let text = encode(EnvFormat::Docker, &entries, &EncodeOptions::default()).unwrap();
    let mut found = environment(&engine, &text);
    found.sort();
    let mut expected = held.clone();
    expected.sort();
    assert_eq!(found, expected);
}
