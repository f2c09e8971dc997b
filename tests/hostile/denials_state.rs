//! `state`.

use capstep_grants::check::Rule;
use serde_json::{Value, json};

use crate::runner::{Case, call, case, run, switched};

fn get(input: &str) -> Vec<Value> {
    vec![call("state/get", json!({ "input": input, "name": "n" }))]
}

fn set(input: &str) -> Vec<Value> {
    let params = json!({ "input": input, "name": "n", "value": "x" });
    vec![call("state/set", params)]
}

fn remove(input: &str) -> Vec<Value> {
    vec![call("state/remove", json!({ "input": input, "name": "n" }))]
}

fn names(input: &str) -> Vec<Value> {
    vec![call("state/names", json!({ "input": input }))]
}

type Verb = (&'static str, fn(&str) -> Vec<Value>);

pub(crate) fn cases() -> Vec<Case> {
    let reading: [Verb; 2] = [("state/get", get), ("state/names", names)];
    let writing: [Verb; 2] = [("state/set", set), ("state/remove", remove)];
    let mut cases = Vec::new();
    for (verbs, granted, other) in [
        (reading, "/read-state", "/write-state"),
        (writing, "/write-state", "/read-state"),
    ] {
        for (verb, calls) in verbs {
            for (rule, input) in [
                (Rule::UndeclaredInput, "/nothing"),
                (Rule::NoAuthority, "/text"),
                (Rule::AccessNotRequested, other),
            ] {
                cases.push(case(verb, rule, calls(input), calls(granted)));
            }
            cases.push(switched(verb, calls("/off-state")));
        }
    }
    cases
}

#[test]
fn values_between_runs() {
    run(cases());
}
