//! What is no manifest, and the manifest's own keys.

use super::*;

#[test]
fn what_is_no_manifest_at_all() {
    let check = |text: &str, expected: &str| {
        assert_eq!(Manifest::from_toml(text).unwrap_err().to_string(), expected);
    };
    let head =
        "name = \"p\"\nversion = \"1.0.0\"\ndescription = \"d\"\nworld = \"capstep:step@0.1.0\"\n";
    check(
        "name = ",
        "the manifest is not valid TOML: line 1: string values must be quoted, expected literal string",
    );
    let unknown = Manifest::from_toml(&format!("{head}[inputs.a]\ntypo = \"path\"\n"));
    let message = unknown.unwrap_err().to_string();
    assert!(
        message.starts_with("the manifest is not valid TOML: line 6: unknown field `typo`"),
        "{message}"
    );
    assert_eq!(
        Manifest::from_json(b"{}").unwrap_err().to_string(),
        "the embedded manifest is not valid: missing field `name` at line 1 column 2"
    );
    check(
        &format!("{head}[inputs.a]\ntype = \"paht\"\n[inputs.b]\ntype = \"secret\"\n"),
        "the manifest has 2 mistake(s): inputs.a: `paht` is no type; inputs.b: a secret needs a `sink`: where its value goes",
    );
}

#[test]
fn the_head() {
    let check = |head: &str, expected: &[&str]| {
        let text = format!("version = \"1.0.0\"\ndescription = \"d\"\n{head}");
        let result = Manifest::from_toml(&text).map(|(_, manifest)| manifest);
        assert_eq!(problems(result), expected, "{head}");
    };
    let one_way = "world: say one way in: `world = \"capstep:step@0.1.0\"`, or `abi = \"command\"` with `protocol = 1`";
    let protocol = "protocol: the command protocol's version is needed: `protocol = 1`";
    check("name = \"a-1\"\nworld = \"capstep:step@0.1.0\"", &[]);
    check("name = \"a\"\nabi = \"command\"\nprotocol = 1", &[]);
    check("name = \"a\"\nabi = \"command\"", &[protocol]);
    check("name = \"a\"\nabi = \"command\"\nprotocol = 2", &[protocol]);
    check("name = \"a\"", &[one_way]);
    check("name = \"a\"\nprotocol = 1", &[one_way]);
    check(
        "name = \"a\"\nworld = \"capstep:step@0.1.0\"\nabi = \"command\"\nprotocol = 1",
        &[one_way],
    );
    check(
        "name = \"a\"\nworld = \"capstep:step@0.2.0\"",
        &["world: this capstep offers `capstep:step@0.1.0`, not `capstep:step@0.2.0`"],
    );
    for name in ["", "A", "a_b", "a--b", "-a", "a b", "ü"] {
        check(
            &format!("name = \"{name}\"\nworld = \"capstep:step@0.1.0\""),
            &["name: a plugin's name is lower-case words joined by `-`"],
        );
    }
}

#[test]
fn the_version() {
    let check = |version: &str, expected: &[&str]| {
        let text = format!(
            "name = \"a\"\nversion = \"{version}\"\ndescription = \"d\"\nworld = \"capstep:step@0.1.0\""
        );
        let result = Manifest::from_toml(&text).map(|(_, manifest)| manifest);
        assert_eq!(problems(result), expected, "{version}");
    };
    check("1.0.0-rc.1+build.5", &[]);
    check(
        "1.0",
        &["version: `1.0` is no semantic version: write `MAJOR.MINOR.PATCH`, as `1.0.0`"],
    );
    check(
        "",
        &["version: `` is no semantic version: write `MAJOR.MINOR.PATCH`, as `1.0.0`"],
    );
}

#[test]
fn requirements_and_outputs() {
    let requires =
        |keys: &str, expected: &[&str]| check(&format!("requires.api = {{ {keys} }}"), expected);
    requires(
        "type = \"url\", value = \"https://api.example.com/v2/\", match = \"prefix\", doc = \"Its API.\"",
        &[],
    );
    requires(
        "type = \"tcp-address\", value = \"db:5432\", doc = \"d\"",
        &[],
    );
    for kind in ["path", "string", "list<url>"] {
        let expected = ["requires.api: a requirement is a `url` or a `tcp-address`"];
        let access = if kind == "path" {
            ", access = [\"read\"]"
        } else {
            ""
        };
        requires(
            &format!("type = \"{kind}\", value = \"x\", doc = \"d\"{access}"),
            &expected,
        );
    }
    requires(
        "type = \"url\", value = \"api.example.com\", doc = \"d\"",
        &["requires.api: `api.example.com` is no URL: relative URL without a base"],
    );
    requires(
        "type = \"url\", value = \"https://a.example/\", doc = \" \"",
        &["requires.api: a requirement's `doc` says why the plugin needs it"],
    );
    requires(
        "type = \"url\", value = \"https://a.example/\", doc = \"d\", access = [\"request if b\"]",
        &["requires.api: `b`: there is no input `b` beside it"],
    );
    check(
        "requires.A_B = { type = \"url\", value = \"https://a.example/\", doc = \"d\" }",
        &["requires.A_B: a requirement's name is lower-case words joined by `-`"],
    );
    check(
        "outputs.o = { type = \"path\" }",
        &["outputs.o: an output is a string, boolean, integer, number or json"],
    );
}
