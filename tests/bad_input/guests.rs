//! Plugins that never end, take everything, or never stop talking.

use capstep_tests::hostile;
use capstep_tests::program::Ran;
use capstep_tests::project::{Project, size};
use serde_json::{Value, json};

use crate::limits::{LARGE, RUNNING, bounded};

/// A step of at most twenty seconds that makes these calls.
fn run(calls: &Value) -> (Project, Ran) {
    let project = hostile::project("", "", calls);
    let pipeline = project.read("capstep.yml");
    project.write("capstep.yml", format!("{pipeline}        timeout: 20s\n"));
    let ran = project.capstep(&["run"]);
    (project, ran)
}

fn act(act: &str, params: Value) -> Value {
    json!([{ "method": format!("local/{act}"), "params": params }])
}

#[track_caller]
fn fails(calls: &Value) -> Ran {
    let (project, ran) = run(calls);
    let size = size(&project.state());
    assert!(size < 200 << 20, "it left {} MiB of state", size >> 20);
    bounded(ran, 1, RUNNING, LARGE)
}

#[test]
fn an_endless_loop() {
    fails(&act("spin", json!({})));
}

#[test]
fn more_memory_than_there_is_for_it() {
    fails(&act("grow", json!({ "bytes": 1_u64 << 30 })));
}

#[test]
fn an_output_of_a_gigabyte() {
    // Within its memory, and beyond what outputs may have.
    fails(&act("give", json!({ "bytes": 50_000_000 })));
    fails(&act("give", json!({ "bytes": 2_000_000 })));
    fails(&act("give", json!({ "bytes": 100_000 }))).says("64 KiB");
    fails(&act("give", json!({ "bytes": 1_000_000_000 })));
}

#[test]
fn a_gigabyte_of_log() {
    let (project, ran) = run(&act("print", json!({ "bytes": 1000, "lines": 1_000_000 })));
    assert!([0, 1].contains(&ran.code()), "{}", ran.code());
    let size = size(&project.state());
    assert!(size < 300 << 20, "it left {} MiB of state", size >> 20);
    let code = ran.code();
    bounded(ran, code, RUNNING, LARGE);
}

#[test]
fn a_line_without_an_end() {
    fails(&act("print", json!({ "bytes": 40_000_000 })));
}

#[test]
fn ends_that_nobody_asked_for() {
    fails(&act("panic", json!({}))).says("the plugin panics");
    fails(&act("exit", json!({ "code": 3 })));
    fails(&act("exit", json!({ "code": 0 }))).says("did not answer");
}
