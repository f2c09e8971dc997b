//! Keys that say nothing, and defaults.

use super::*;

#[test]
fn keys_that_say_nothing() {
    for (kind, key) in [
        ("boolean", "min = 1"),
        ("url", "max = 1"),
        ("integer", "pattern = \"x\""),
        ("string", "values = [\"x\"]"),
        ("string", "on = \"s\""),
        ("string", "match = \"prefix\""),
        ("tcp-address", "methods = [\"GET\"]"),
        ("string", "item = { type = \"string\" }"),
        ("string", "value = { type = \"string\" }"),
        ("string", "fields = { b = { type = \"string\" } }"),
    ] {
        let name = key.split(' ').next().unwrap();
        let expected = format!("inputs.a: `{name}` says nothing of a `{kind}`: leave it out");
        check_input(&format!("type = \"{kind}\", {key}"), &[&expected]);
    }
    check_input("type = \"list<integer>\", min = 1, max = 3", &[]);
    check_input(
        "type = \"list\", min = 1, item = { type = \"string\" }",
        &["inputs.a: `min` says nothing of a `list`: leave it out"],
    );
}

#[test]
fn groups_of_inputs() {
    let two = "inputs.a = { type = \"string\" }\ninputs.b = { type = \"string\" }\ninputs.c = { type = \"string\", required = true }\ninputs.d = { type = \"string\", default = \"x\" }";
    let group = |group: &str, expected: &[&str]| {
        check(&format!("any-of = [{group}]\n{two}"), expected);
    };
    group("[\"a\", \"b\"]", &[]);
    let alone = "any-of: a group names two inputs at least: one alone is `required`";
    group("[]", &[alone]);
    group("[\"a\"]", &[alone]);
    group(
        "[\"a\", \"e\"]",
        &["any-of: there is no input `e` beside it"],
    );
    group("[\"a\", \"a\"]", &["any-of: `a` stands in it twice"]);
    for name in ["c", "d"] {
        let expected =
            format!("any-of: `{name}` is always there: it is `required` or has a `default`");
        group(&format!("[\"a\", \"{name}\"]"), &[&expected]);
    }
    check_input(
        "type = \"list\", item = { type = \"record\", any-of = [[\"x\", \"y\"]], fields = { x = { type = \"string\" } } }",
        &["inputs.a.item.any-of: there is no input `y` beside it"],
    );
    check_input(
        "type = \"string\", any-of = [[\"x\", \"y\"]]",
        &["inputs.a: `any-of` says nothing of a `string`: leave it out"],
    );
}

#[test]
fn defaults() {
    let refused = "inputs.a: an input that carries authority or a secret has no default: the publisher can't grant";
    check_input(
        "type = \"url\", default = \"https://a.example/\"",
        &[refused],
    );
    check_input(
        "type = \"list<url>\", default = [\"https://a.example/\"]",
        &[refused],
    );
    check_input(
        "type = \"string\", sink = \"http-header(u)\", default = \"x\"",
        &[refused],
    );
    check_input(
        "type = \"script\", on = \"t\", default = \"true\"",
        &[refused],
    );
    check_input(
        "type = \"record\", default = { f = \"x\" }, fields = { f = { type = \"path\", access = [\"read\"] } }",
        &[refused],
    );
    check_input(
        "type = \"enum\", values = [\"x\", \"y\"], default = \"x\"",
        &[],
    );
    check_input("type = \"list<string>\", default = [\"x\"]", &[]);
    let misfit = |keys: &str, message: &str| {
        check_input(
            keys,
            &[&format!("inputs.a: the default does not fit: {message}")],
        );
    };
    misfit(
        "type = \"enum\", values = [\"x\", \"y\"], default = \"z\"",
        "`z` is none of `x`, `y`",
    );
    misfit(
        "type = \"integer\", default = \"5\"",
        "expected a whole number, found text",
    );
    misfit("type = \"string\", default = 5", "write it as `\"5\"`");
    misfit(
        "type = \"list<string>\", default = \"x\"",
        "`\"x\"` is not a list",
    );
    misfit(
        "type = \"map<string>\", default = [\"x\"]",
        "`[\"x\"]` is not a map",
    );
    misfit(
        "type = \"record\", default = { g = 1 }, fields = { f = { type = \"string\" } }",
        "there is no field `g`",
    );
    check_input(
        "type = \"string\", required = true, default = \"x\"",
        &["inputs.a: an input that is `required` has no use for a `default`"],
    );
}
