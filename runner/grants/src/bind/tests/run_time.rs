//! What expressions come to when the step starts.

use serde_json::{Value, json};

use crate::testing::{bound, manifest};

const INPUTS: &str = r#"
[inputs.names]
type = "list<string>"
[inputs.settings]
type = "map<string>"
[inputs.both]
type = "record"
[inputs.both.fields.text]
type = "string"
[inputs.both.fields.free]
type = "json"
[inputs.text]
type = "string"
"#;

fn check(with: &str, outputs: Value, pointer: &str, expected: Value) {
    let (bound, mistakes) = bound(&manifest(INPUTS), with, outputs);
    assert_eq!(mistakes, Vec::<String>::new(), "{with}");
    assert_eq!(bound.values.pointer(pointer), Some(&expected), "{with}");
    assert!(bound.secrets.is_empty(), "{with}");
}

#[test]
fn what_an_expression_gives_is_data() {
    let injected = "${{ secrets.KEY }}";
    check(
        "with: { names: \"${{ steps.s.outputs.x }}\" }",
        json!({ "x": ["a", injected] }),
        "/names",
        json!(["a", injected]),
    );
    check(
        "with: { names: \"${{ steps.s.outputs.x }}\" }",
        json!({ "x": injected }),
        "/names",
        json!([injected]),
    );
    check(
        "with: { settings: \"${{ steps.s.outputs.x }}\" }",
        json!({ "x": { "A": injected } }),
        "/settings/A",
        json!(injected),
    );
    check(
        "with: { both: \"${{ steps.s.outputs.x }}\" }",
        json!({ "x": { "text": injected, "free": [injected] } }),
        "/both",
        json!({ "text": injected, "free": [injected] }),
    );
    check(
        "with: { text: \"${{ steps.s.outputs.x }}\" }",
        json!({ "x": injected }),
        "/text",
        json!(injected),
    );
}

#[test]
fn an_output_reveals_nothing() {
    let (bound, mistakes) = bound(
        &manifest(INPUTS),
        "with: { names: \"${{ steps.s.outputs.x }}\" }",
        json!({ "x": [{ "value": "${{ secrets.KEY }}", "reveal": true }] }),
    );
    assert!(bound.secrets.is_empty());
    assert_eq!(
        mistakes,
        ["capstep.yml:9:24: invalid-value: `names.0`: expected text, found a map"]
    );
}
