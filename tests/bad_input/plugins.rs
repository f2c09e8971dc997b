//! Files that are no plugins, or are not what their manifest says.

use std::fs;

use capstep_grants::manifest::ManifestDeclaration;
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

/// What only its code shows is found when it is loaded, before any of it runs: by its place in the file, and in these words.
#[track_caller]
fn unfit(bytes: &[u8], says: &str) {
    let project = project(bytes);
    let ran = bounded(project.capstep(&["run"]), 2, RUNNING, LARGE);
    // For people the sentence is broken where a line ends.
    let words = |text: &str| text.replace(|char: char| char.is_whitespace() || char == '|', "");
    let said = words(&ran.stderr);
    for part in ["capstep.yml:7:", "`./plugins/hostile.wasm`: ", says] {
        assert!(
            said.contains(&words(part)),
            "`{part}` is not in:\n{}",
            ran.stderr
        );
    }
    assert!(project.journals().is_empty(), "something was run");
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

/// A component of the world that has a `run` and imports this.
fn world(import: &str, inputs: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            {import}
            (core module $code (func (export "run")))
            (core instance $program (instantiate $code))
            (func $run (canon lift (core func $program "run")))
            (export "run" (func $run)))"#
    );
    let mut bytes = wat::parse_str(text).unwrap();
    let manifest = ManifestDeclaration {
        world: Some("capstep:step@0.1.0".to_owned()),
        abi: None,
        protocol: None,
        ..hostile::manifest(inputs)
    };
    bytes.extend(manifest.to_custom_section());
    bytes
}

#[test]
fn no_way_in() {
    unfit(
        &component("(component)", ""),
        "this does not export the interface `wasi:cli/run@0.2`, which the way in `command` needs; it exports nothing",
    );
    unfit(
        &component("(module (func))", ""),
        "this is a WASI library (a reactor: it has no `_start`), not a program; it exports nothing",
    );
}

#[test]
fn imports_that_are_not_offered() {
    for import in [
        "their:own/thing@1.0.0",
        "capstep:step/files@0.2.0",
        "wasi:keyvalue/store@0.2.0",
    ] {
        let bytes = world(&format!("(import \"{import}\" (instance))"), "");
        unfit(
            &bytes,
            &format!("this imports what this host does not offer: {import}; offered are"),
        );
        unfit(&bytes, "capstep:step/{op, log, time, files,");
        unfit(&bytes, "}@0.1.0 and WASI 0.2");
    }
}

/// Offered, but no input of the manifest calls for it.
#[test]
fn imports_that_are_not_declared() {
    let import = "(import \"capstep:step/ssh@0.1.0\" (instance))";
    unfit(
        &world(import, ""),
        "this imports `capstep:step/ssh`, which no input of its manifest accounts for",
    );
}

/// What a manifest says of the outputs is held against what the code gives.
#[test]
fn outputs_that_the_manifest_does_not_know() {
    let check = |name: &str, value: serde_json::Value, says: &str| {
        let calls = json!([{ "method": "local/put", "params": { "name": name, "value": value } }]);
        let project = hostile::project("", "", &calls);
        let ran = bounded(project.capstep(&["run"]), 1, RUNNING, LARGE);
        ran.says(says);
    };
    check(
        "forged",
        json!(1),
        "`hostile` gave the output `forged`, which its manifest does not declare",
    );
    check(
        "large",
        json!(5),
        "the output `large` of `hostile` is no string, as its manifest says",
    );
    check(
        "large",
        json!("x".repeat(70_000)),
        "the output `large` of `hostile` is larger than 64 KiB",
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
