//! Files that are no plugins, or are not what their manifest says.

use std::fs;

use capstep_tests::hostile;
use capstep_tests::program::{Ran, cache};
use capstep_tests::project::Project;
use serde_json::json;

use crate::limits::{LARGE, READING, RUNNING, SMALL, bounded};

fn project(bytes: &[u8]) -> Project {
    let project = Project::new(&hostile::pipeline("", &json!([])));
    project.write("plugins/hostile.wasm", bytes);
    project
}

/// A component with a manifest.
fn component(text: &str, inputs: &str) -> Vec<u8> {
    let mut bytes = wat::parse_str(text).unwrap();
    bytes.extend(hostile::manifest(inputs).to_custom_section());
    bytes
}

/// What is no plugin at all is found by `lint`.
#[track_caller]
fn no_plugin(bytes: &[u8]) -> Ran {
    let project = project(bytes);
    bounded(project.capstep(&["run"]), 2, READING, SMALL);
    bounded(project.capstep(&["lint"]), 2, READING, SMALL)
        .says("capstep.yml:7:")
        .says("./plugins/hostile.wasm")
}

/// What only its code shows is found before any of it runs.
#[track_caller]
fn unfit(bytes: &[u8]) -> Ran {
    let project = project(bytes);
    let ran = project.capstep(&["run"]);
    assert!([1, 2].contains(&ran.code()), "{}", ran.text());
    let code = ran.code();
    bounded(ran, code, RUNNING, LARGE).says("plugin")
}

#[test]
fn no_webassembly() {
    no_plugin(b"#!/bin/sh\necho hello\n").says("a script");
    no_plugin(b"");
    no_plugin(b"\0asm");
    no_plugin(&fs::read("/proc/self/exe").unwrap()).says("a program of this machine");
}

#[test]
fn compiled_ahead() {
    // What the program itself has compiled and keeps: code of this machine, which it would have to trust.
    Project::new("version: 1\njobs: { a: { steps: [{ uses: noop }] } }\n")
        .capstep(&["run"])
        .expect(0);
    let mut folders = vec![cache()];
    let mut compiled = None;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if entry.metadata().unwrap().len() > 10_000 {
                compiled = Some(entry.path());
            }
        }
    }
    let bytes = fs::read(compiled.expect("a compiled plugin in the cache")).unwrap();
    no_plugin(&bytes);
}

#[test]
fn no_way_in() {
    unfit(&component("(component)", "")).says("run");
    unfit(&component("(module (func))", ""));
}

#[test]
fn imports_that_are_not_offered() {
    let ran = unfit(&component(
        r#"(component (import "their:own/thing@1.0.0" (instance)))"#,
        "",
    ));
    assert!(
        ran.text().contains("their:own/thing") || ran.text().contains("wasi:cli/run"),
        "{}",
        ran.text()
    );
}

#[test]
fn broken_and_two_faced_manifests() {
    let mut bytes = wat::parse_str("(component)").unwrap();
    bytes.extend(hostile::manifest("").to_custom_section());
    let mut twice = bytes.clone();
    twice.extend(hostile::manifest("").to_custom_section());
    no_plugin(&twice).says("two manifests");
    // The length of the section's name says more than there is.
    let mut cut = bytes.clone();
    cut.truncate(bytes.len() - 10);
    no_plugin(&cut);
    // A manifest that is no JSON.
    let broken =
        wat::parse_str(r#"(component (@custom "capstep:manifest" "{ not json"))"#).unwrap();
    no_plugin(&broken);
}

#[test]
fn a_large_file() {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.resize(129 << 20, 0);
    no_plugin(&bytes).says("128 MiB");
}
