//! Manifests, good and bad.

mod example;
mod head;
mod inputs;
mod schema;
mod sinks_and_roles;
mod types;

use super::*;
use crate::testing::try_manifest;

fn problems(result: Result<Manifest, ManifestError>) -> Vec<String> {
    match result {
        Ok(_) => Vec::new(),
        Err(ManifestError::Problems(problems)) => {
            problems.iter().map(ToString::to_string).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

fn check(body: &str, expected: &[&str]) {
    assert_eq!(problems(try_manifest(body)), expected, "{body}");
}

/// One input named `a`, beside a target `t`, a script `s`, a url `u` and a boolean `b`.
fn check_input(keys: &str, expected: &[&str]) {
    let body = format!(
        "inputs.t = {{ type = \"ssh-target\", access = [\"script\"] }}\n\
         inputs.s = {{ type = \"script\", on = \"t\" }}\n\
         inputs.u = {{ type = \"url\" }}\n\
         inputs.b = {{ type = \"boolean\" }}\n\
         inputs.a = {{ {keys} }}"
    );
    check(&body, expected);
}
