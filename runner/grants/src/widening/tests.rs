//! Changes of a manifest that widen, and those that do not.

use super::*;
use crate::manifest::Manifest;
use crate::testing::{BUILT_IN, manifest};

fn check(old: &str, new: &str, expected: &[&str]) {
    let found: Vec<String> = widening(&manifest(old), &manifest(new))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, expected, "from {old} to {new}");
}

/// Beside a target `t` and `t2`, a url `u`, a boolean `b` and a script `s`.
fn check_input(old: &str, new: &str, expected: &[&str]) {
    let around = |keys: &str| {
        let input = if keys.is_empty() {
            String::new()
        } else {
            format!("inputs.a = {{ {keys} }}")
        };
        format!(
            "inputs.t = {{ type = \"ssh-target\", access = [\"script\", \"files\"] }}\n\
             inputs.t2 = {{ type = \"ssh-target\", access = [\"script\", \"files\"] }}\n\
             inputs.s = {{ type = \"script\", on = \"t\" }}\n\
             inputs.u = {{ type = \"url\" }}\n\
             inputs.u2 = {{ type = \"url\" }}\n\
             inputs.b = {{ type = \"boolean\" }}\n{input}"
        )
    };
    check(&around(old), &around(new), expected);
}

#[test]
fn nothing_changed() {
    for text in BUILT_IN {
        let (_, manifest) = Manifest::from_toml(text).unwrap();
        assert_eq!(widening(&manifest, &manifest), []);
    }
}

#[test]
fn narrower_or_beside_is_no_widening() {
    let read = "type = \"path\", access = [\"read\"]";
    check_input(read, "", &[]);
    check_input("", read, &[]);
    check_input(read, "type = \"string\"", &[]);
    check_input(read, "type = \"list<path>\", access = [\"read\"]", &[]);
    check_input(
        "type = \"path\", access = [\"read\", \"write\"]",
        "type = \"path\", access = [\"read\", \"write if b\"]",
        &[],
    );
    check_input(
        "type = \"url\", match = \"origin\"",
        "type = \"url\", match = \"prefix\", methods = [\"HEAD\"]",
        &[],
    );
    check_input(
        "type = \"secret\", sink = \"ssh-auth(t)\"",
        "type = \"string\"",
        &[],
    );
    check_input(
        "type = \"secret\", sink = \"http-header(u)\"",
        "type = \"string\", sink = \"http-header(u)\"",
        &[],
    );
}

#[test]
fn authority_and_access() {
    check_input(
        "type = \"string\"",
        "type = \"path\", access = [\"read\"]",
        &["`a` was a string and is now a path: what it is set to is granted"],
    );
    check_input(
        "type = \"string\"",
        "type = \"script\", on = \"t\"",
        &["`a` was a string and is now a script: what it is set to is granted"],
    );
    check_input(
        "type = \"tcp-address\"",
        "type = \"ssh-target\", access = [\"exec\"]",
        &["`a` was a tcp-address and is now a ssh-target: what it is set to is granted"],
    );
    for holder in ["type = \"json\"", "type = \"map<string>\""] {
        let from = if holder.contains("json") {
            "json"
        } else {
            "string"
        };
        check_input(
            holder,
            "type = \"record\", fields = { f = { type = \"path\", access = [\"read\"] } }",
            &[&format!(
                "`a.f` was a {from} and is now a path: what it is set to is granted"
            )],
        );
        check_input(
            holder,
            "type = \"map<path>\", access = [\"read\"]",
            &[&format!(
                "`a.*` was a {from} and is now a path: what it is set to is granted"
            )],
        );
    }
    check_input(
        "type = \"record\", fields = { f = { type = \"string\" } }",
        "type = \"map<path>\", access = [\"read\"]",
        &["`a.*` was a string and is now a path: what it is set to is granted"],
    );
    let read = "type = \"path\", access = [\"read\"]";
    check_input(
        read,
        "type = \"list<path>\", access = [\"read\", \"write\"]",
        &["`a` now grants `write`"],
    );
    check_input(
        read,
        "type = \"path\", access = [\"read\", \"write if b\"]",
        &["`a` now grants `write` while `b` is true"],
    );
    check_input(
        "type = \"path\", access = [\"write if b\"]",
        "type = \"path\", access = [\"write\"]",
        &["`a` now grants `write`"],
    );
    check_input(
        "type = \"list\", item = { fields = { f = { type = \"path\", access = [\"read\"] } } }",
        "type = \"list\", item = { fields = { f = { type = \"path\", access = [\"upload\"] } } }",
        &["`a.f` now grants `upload`"],
    );
    check(
        "inputs.a = { type = \"path\", access = [\"write if b\"] }\ninputs.b = { type = \"boolean\" }",
        "inputs.a = { type = \"path\", access = [\"write if b\"] }\ninputs.b = { type = \"boolean\", default = true }",
        &["`a` now grants `write` where a step says nothing of `b`"],
    );
}

#[test]
fn urls_and_targets() {
    check_input(
        "type = \"url\"",
        "type = \"url\", match = \"prefix\", methods = [\"GET\", \"delete\"]",
        &[
            "`a` now grants more of its site: `prefix`, before `exact`",
            "`a` now grants requests with DELETE",
        ],
    );
    let chosen = |values: &str, default: &str| {
        format!(
            "inputs.m = {{ type = \"enum\", values = [{values}], default = \"{default}\" }}\ninputs.a = {{ type = \"url\", methods = \"input(m)\" }}"
        )
    };
    let listed = |values: &str| {
        chosen("\"GET\", \"POST\"", "GET").replace("\"input(m)\"", &format!("[{values}]"))
    };
    let both = chosen("\"GET\", \"POST\"", "GET");
    check(&listed("\"GET\", \"POST\""), &both, &[]);
    check(&both, &both, &[]);
    check(
        &both,
        &listed("\"GET\", \"POST\""),
        &[
            "`a` now grants requests with GET",
            "`a` now grants requests with POST",
        ],
    );
    check(
        &both,
        &chosen("\"GET\", \"POST\"", "POST"),
        &["`a` now grants requests with POST where a step says nothing of `m`"],
    );
    check(
        &both,
        &chosen("\"GET\", \"POST\", \"PUT\"", "GET"),
        &["`a` now grants requests with PUT"],
    );
    check(&chosen("\"GET\"", "GET"), &listed("\"GET\""), &[]);
    check_input(
        "type = \"script\", on = \"t\"",
        "type = \"script\", on = \"t2\"",
        &["`a` is now for `t2`, before for `t`"],
    );
    check_input(
        "type = \"remote-path(t)\", access = [\"upload\"]",
        "type = \"remote-path(t2)\", access = [\"upload\"]",
        &["`a` is now for `t2`, before for `t`"],
    );
}

#[test]
fn sinks_and_roles() {
    check_input(
        "type = \"secret\", sink = \"http-header(u)\"",
        "type = \"secret\", sink = \"http-header(u2)\"",
        &["a secret in `a` now goes to `http-header(u2)`, before to `http-header(u)`"],
    );
    check_input(
        "type = \"secret\", sink = \"http-header(u)\"",
        "type = \"secret\", sink = \"http-body(u)\"",
        &["a secret in `a` now goes to `http-body(u)`, before to `http-header(u)`"],
    );
    check_input(
        "type = \"map<string>\"",
        "type = \"map<string>\", sink = \"remote-env(s)\", role = \"script-env(s)\"",
        &[
            "`a.*` now takes a secret, which goes to `remote-env(s)`",
            "the host now reads `a.*` as `script-env(s)`",
        ],
    );
    check_input(
        "type = \"path\", access = [\"read\"]",
        "type = \"path\", access = [\"read\"], role = \"known-hosts(t)\"",
        &["the host now reads `a` as `known-hosts(t)`"],
    );
}

#[test]
fn images_and_builds() {
    check_input(
        "type = \"image\", access = [\"pull\"]",
        "type = \"image\", access = [\"pull\", \"push if b\"]",
        &["`a` now grants `push` while `b` is true"],
    );
    check_input(
        "type = \"string\"",
        "type = \"registry\"",
        &["`a` was a string and is now a registry: what it is set to is granted"],
    );
    let around = |keys: &str| {
        format!(
            "inputs.c = {{ type = \"path\", access = [\"build\"] }}\ninputs.r = {{ type = \"registry\" }}\ninputs.a = {{ {keys} }}"
        )
    };
    check(
        &around("type = \"secret\", sink = \"build-secret(c)\""),
        &around("type = \"secret\", sink = \"registry-auth(r)\""),
        &["a secret in `a` now goes to `registry-auth(r)`, before to `build-secret(c)`"],
    );
    check(
        &around("type = \"map<string>\""),
        &around("type = \"map<string>\", role = \"build-arg(c)\""),
        &["the host now reads `a.*` as `build-arg(c)`"],
    );
}

#[test]
fn requirements() {
    let requires = |value: &str, extra: &str| {
        format!("requires.api = {{ type = \"url\", value = \"{value}\", doc = \"d\"{extra} }}")
    };
    let old = requires("https://a.example/", "");
    check("", &old, &["`https://a.example/` is now required (`api`)"]);
    check(&old, "", &[]);
    check(
        &old,
        &requires("https://b.example/", ", match = \"origin\""),
        &[
            "`requires/api` now grants more of its site: `origin`, before `exact`",
            "`https://b.example/` is now required (`api`), before `https://a.example/`",
        ],
    );
}
