//! Manifests, good and bad.

use serde_json::Value;

use super::*;
use crate::testing::{BUILT_IN, try_manifest};

/// The example of `interface.md`.
const SSH_DEPLOY: &str = r#"
name        = "ssh-deploy"
version     = "0.1.0"
description = "Copies files to a server over SSH and runs the pipeline's script there."
world       = "capstep:step@0.1.0"

[inputs.target]
type   = "list<ssh-target>"
access = ["script", "files"]
required = true
doc    = "The account and host to deploy to: `user@host` or `user@host:port`; several, in this order."

[inputs.identity]
type   = "secret"
sink   = "ssh-auth(target)"

[inputs.passphrase]
type   = "secret"
sink   = "passphrase(identity)"

[inputs.known-hosts]
type   = "path"
role   = "known-hosts(target)"

[inputs.release]
type   = "remote-path(target)"
access = ["release"]

[inputs.upload]
type = "list"
[inputs.upload.item.fields.from]
type   = "path"
access = ["upload"]
[inputs.upload.item.fields.to]
type   = "remote-path(../target)"
access = ["upload"]

[inputs.run]
type = "script"
on   = "target"

[inputs.env]
type   = "map<string>"
role   = "script-env(run)"
sink   = "remote-env(run)"

[outputs.release]
type = "string"
doc  = "The release that is now current."
"#;

#[test]
fn the_example_is_read() {
    let (_, manifest) = Manifest::from_toml(SSH_DEPLOY).unwrap();
    let target = manifest.input("target").unwrap();
    assert!(target.required && target.access.is_empty());
    let Kind::List(item) = &target.kind else {
        panic!("{target:?}")
    };
    let words: Vec<_> = item.access.iter().map(|request| request.access).collect();
    assert_eq!(words, [Access::Script, Access::Files]);
    let Kind::Map(value) = &manifest.input("env").unwrap().kind else {
        panic!()
    };
    let run = SiblingRef::Input {
        up: 0,
        name: "run".to_owned(),
    };
    assert_eq!(value.sink, Some(Sink::RemoteEnv(run.clone())));
    assert_eq!(value.role, Some(Role::ScriptEnv(run)));
    assert_eq!(
        manifest.outputs,
        [(
            "release".to_owned(),
            OutputKind::String,
            "The release that is now current.".to_owned()
        )]
    );
}

#[test]
fn manifests_survive_the_custom_section() {
    for text in BUILT_IN.iter().chain(&[SSH_DEPLOY]) {
        let (declaration, manifest) = Manifest::from_toml(text).unwrap();
        let json = declaration.to_section();
        assert_eq!(Manifest::from_json(&json).unwrap(), manifest);
        let again: ManifestDeclaration = serde_json::from_slice(&json).unwrap();
        assert_eq!(again, declaration);
        let section = declaration.to_custom_section();
        assert_eq!(section[0], 0, "a custom section");
        assert!(section.ends_with(&json));
        let name = section.windows(SECTION_NAME.len());
        assert!(name.clone().any(|bytes| bytes == SECTION_NAME.as_bytes()));
    }
}

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

fn problems(result: Result<Manifest, ManifestError>) -> Vec<String> {
    match result {
        Ok(_) => Vec::new(),
        Err(ManifestError::Problems(problems)) => {
            problems.iter().map(ToString::to_string).collect()
        }
        Err(other) => panic!("{other}"),
    }
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

#[test]
fn types() {
    check_input("type = \"paht\"", &["inputs.a: `paht` is no type"]);
    check_input("doc = \"d\"", &["inputs.a: say its `type`"]);
    for later in [
        "image",
        "registry",
        "state",
        "container",
        "compose-project",
        "network",
        "volume",
        "database",
        "process",
    ] {
        let expected = format!("inputs.a: type `{later}` is not supported yet");
        check_input(&format!("type = \"{later}\""), &[&expected]);
    }
    check_input(
        "type = \"script\"",
        &["inputs.a: a script needs `on`: the input that names where it runs"],
    );
    check_input(
        "type = \"remote-path\", access = [\"upload\"]",
        &["inputs.a: write `remote-path(target)`: a remote path is on a target"],
    );
    check_input(
        "type = \"remote-path(t, t)\", access = [\"upload\"]",
        &["inputs.a: `remote-path` takes one input: `remote-path(target)`"],
    );
    check_input(
        "type = \"remote-path(u)\", access = [\"upload\"]",
        &["inputs.a: `u` is a `url`, not an ssh-target"],
    );
    check_input(
        "type = \"script\", on = \"x\"",
        &["inputs.a: `x`: there is no input `x` beside it"],
    );
    check_input(
        "type = \"script\", on = \"../t\"",
        &["inputs.a: `../t` leads out of the inputs"],
    );
    check_input(
        "type = \"script\", on = \"a/b\"",
        &["inputs.a: `a/b` names no input: write `name`, `../name` or `requires/NAME`"],
    );
    check_input("type = \"enum\"", &["inputs.a: an enum needs `values`"]);
    check_input(
        "type = \"string\", pattern = \"(\"",
        &["inputs.a: `pattern` is not a regular expression"],
    );
    check_input(
        "type = \"list\"",
        &["inputs.a: say what it holds: `item`, or the short form such as `list<string>`"],
    );
    check_input(
        "type = \"map\"",
        &["inputs.a: say what it holds: `value`, or the short form such as `list<string>`"],
    );
    check_input(
        "type = \"list<string>\", item = { type = \"string\" }",
        &["inputs.a: say what it holds once: in the type, or in `item`"],
    );
    check_input(
        "type = \"list\", item = { type = \"paht\" }",
        &["inputs.a.item: `paht` is no type"],
    );
    check_input(
        "type = \"list\", item = { type = \"string\", required = true, default = \"x\" }",
        &[
            "inputs.a.item: `required` says nothing of what a list or map holds: leave it out",
            "inputs.a.item: `default` says nothing of what a list or map holds: leave it out",
        ],
    );
    check_input(
        "type = \"list<list<list<list<list<list<list<list<string>>>>>>>>\"",
        &[],
    );
    check_input(
        "type = \"list<list<list<list<list<list<list<list<list<string>>>>>>>>>\"",
        &["inputs.a: inputs may nest 8 deep"],
    );
    check(
        "[inputs.Upper]\ntype = \"string\"\n[inputs.r]\ntype = \"record\"\n[inputs.r.fields.b_c]\ntype = \"string\"",
        &[
            "inputs.Upper: an input's name is lower-case words joined by `-`",
            "inputs.r.fields.b_c: an input's name is lower-case words joined by `-`",
        ],
    );
}

#[test]
fn accesses() {
    check_input("type = \"path\", access = [\"read\", \"write if b\"]", &[]);
    check_input(
        "type = \"path\", access = [\"exec\"]",
        &[
            "inputs.a: `exec` is no access of `path`; its words are read, write, upload, mount",
            "inputs.a: a `path` needs `access`: what the plugin does with it",
        ],
    );
    check_input(
        "type = \"ssh-target\", access = [\"script\", \"reed\"]",
        &["inputs.a: `reed` is no access of `ssh-target`; its words are script, files, exec"],
    );
    check_input(
        "type = \"string\", access = [\"read\"]",
        &["inputs.a: `string` takes no `access`"],
    );
    for (kind, word) in [
        ("path", "path"),
        ("ssh-target", "ssh-target"),
        ("remote-path(t)", "remote-path"),
    ] {
        let expected = format!("inputs.a: a `{word}` needs `access`: what the plugin does with it");
        check_input(&format!("type = \"{kind}\""), &[&expected]);
    }
    check_input(
        "type = \"path\", access = [\"read if u\"]",
        &["inputs.a: `if u`: `u` is not a boolean"],
    );
    check_input(
        "type = \"path\", access = [\"read if c\"]",
        &["inputs.a: `c`: there is no input `c` beside it"],
    );
    check_input("type = \"url\", access = [\"request if b\"]", &[]);
}

#[test]
fn sinks() {
    check_input("type = \"secret\", sink = \"ssh-auth(t)\"", &[]);
    check_input("type = \"map<string>\", sink = \"remote-env(s)\"", &[]);
    check_input(
        "type = \"secret\"",
        &["inputs.a: a secret needs a `sink`: where its value goes"],
    );
    check_input(
        "type = \"secret\", sink = \"ssh-auth(u)\"",
        &["inputs.a: `u` is a `url`, not an ssh-target"],
    );
    check_input(
        "type = \"secret\", sink = \"passphrase(u)\"",
        &["inputs.a: `u` is a `url`, not a secret"],
    );
    check_input(
        "type = \"secret\", sink = \"remote-env(t)\"",
        &[
            "inputs.a: `t` is a `ssh-target`, not a script: only the pipeline's own text may see a secret",
        ],
    );
    check_input(
        "type = \"secret\", sink = \"http-header(t)\"",
        &["inputs.a: `t` is a `ssh-target`, not a url"],
    );
    check_input(
        "type = \"secret\", sink = \"http-body(t)\"",
        &["inputs.a: `t` is a `ssh-target`, not a url"],
    );
    check_input(
        "type = \"secret\", sink = \"file(u, dotenv)\"",
        &["inputs.a: `u` is a `url`, not a path"],
    );
    check_input(
        "type = \"secret\", sink = \"http-header(requires/api)\"",
        &["inputs.a: `requires/api`: the manifest requires no `api`"],
    );
    check_input(
        "type = \"boolean\", sink = \"http-header(u)\"",
        &["inputs.a: only a `secret` or a `string` has a sink"],
    );
    let malformed = |text: &str, message: &str| {
        check_input(
            &format!("type = \"string\", sink = \"{text}\""),
            &[&format!("inputs.a: {message}")],
        );
    };
    malformed("ssh-auth", "`ssh-auth` is not of the form `word(input)`");
    malformed(
        "ssh-auth(t, u)",
        "`ssh-auth` takes one input: `ssh-auth(input)`",
    );
    malformed(
        "file(u)",
        "`file` takes the file's input and a format: `file(file, dotenv)`",
    );
    malformed(
        "stdout(u)",
        "`stdout` is no sink; the sinks are ssh-auth, passphrase, remote-env, http-header, http-body and file",
    );
    for later in ["registry-auth", "build-secret", "container-env"] {
        malformed(
            &format!("{later}(u)"),
            &format!("sink `{later}` is not supported yet"),
        );
    }
}

#[test]
fn roles() {
    check_input("type = \"path\", role = \"ca(u)\"", &[]);
    check_input("type = \"map<string>\", role = \"script-env(s)\"", &[]);
    let wrong = |kind: &str, role: &str, message: &str| {
        check_input(
            &format!("type = \"{kind}\", role = \"{role}\""),
            &[&format!("inputs.a: {message}")],
        );
    };
    wrong(
        "path",
        "known-hosts(u)",
        "`u` is a `url`, not an ssh-target",
    );
    wrong(
        "list<string>",
        "host-key(u)",
        "`u` is a `url`, not an ssh-target",
    );
    wrong(
        "map<string>",
        "script-env(u)",
        "`u` is a `url`, not a script",
    );
    wrong(
        "string",
        "working-directory(u)",
        "`u` is a `url`, not a script",
    );
    wrong("string", "shell(u)", "`u` is a `url`, not a script");
    wrong("boolean", "errexit(u)", "`u` is a `url`, not a script");
    wrong("path", "ca(t)", "`t` is a `ssh-target`, not a url");
    wrong(
        "list<string>",
        "shared(u)",
        "`u` is a `url`, not a remote-path",
    );
    wrong("integer", "keep(u)", "`u` is a `url`, not a remote-path");
    wrong(
        "string",
        "known-hosts(t)",
        "the role `known-hosts` is for a path",
    );
    wrong(
        "string",
        "host-key(t)",
        "the role `host-key` is for a list of strings",
    );
    wrong(
        "list<string>",
        "script-env(s)",
        "the role `script-env` is for a map of strings",
    );
    wrong(
        "boolean",
        "working-directory(s)",
        "the role `working-directory` is for a string or a remote-path",
    );
    wrong(
        "integer",
        "shell(s)",
        "the role `shell` is for a string or an enum",
    );
    wrong(
        "string",
        "errexit(s)",
        "the role `errexit` is for a boolean",
    );
    wrong("string", "ca(u)", "the role `ca` is for a path");
    wrong("string", "ca", "`ca` is not of the form `word(input)`");
    wrong("string", "ca(u, u)", "`ca` takes one input: `ca(input)`");
    wrong(
        "string",
        "build-arg(u)",
        "role `build-arg` is not supported yet",
    );
    wrong(
        "string",
        "owner(u)",
        "`owner` is no role; the roles are known-hosts, host-key, certificate, jump, script-env, host-env, working-directory, shell, errexit, exclude, include, max-delete, shared, keep and ca",
    );
}

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

/// Whether a JSON Schema, of the kind that is generated here, accepts a value.
fn accepts(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return accepts(root, target, value);
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(Value::Array(choices)) = schema.get(word) {
            let fits = |choice| accepts(root, choice, value).is_ok();
            if !choices.iter().any(fits) {
                return Err(format!("{value} is none of {choices:?}"));
            }
        }
    }
    if let Some(kind) = schema.get("type") {
        let is = |word: &str| match word {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.is_u64() || value.is_i64(),
            "null" => value.is_null(),
            other => panic!("{other}"),
        };
        let fits = match kind {
            Value::String(word) => is(word),
            Value::Array(words) => words.iter().any(|word| is(word.as_str().unwrap())),
            other => panic!("{other}"),
        };
        if !fits {
            return Err(format!("{value} is not of type {kind}"));
        }
    }
    for word in ["enum", "const"] {
        let fits = match schema.get(word) {
            None => true,
            Some(Value::Array(values)) => values.contains(value),
            Some(only) => only == value,
        };
        if !fits {
            return Err(format!("{value} is not {}", schema[word]));
        }
    }
    if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
        for value in values {
            accepts(root, items, value)?;
        }
    }
    if let Value::Object(fields) = value {
        for (key, value) in fields {
            let property = schema.get("properties").and_then(|all| all.get(key));
            match (property, schema.get("additionalProperties")) {
                (Some(property), _) => accepts(root, property, value)?,
                (None, Some(Value::Bool(false))) => return Err(format!("unknown key {key}")),
                (None, Some(others)) => accepts(root, others, value)?,
                (None, None) => {}
            }
        }
        for required in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if !fields.contains_key(required.as_str().unwrap()) {
                return Err(format!("{required} is missing"));
            }
        }
    }
    Ok(())
}

#[test]
fn the_schema_accepts_what_is_read() {
    let schema = manifest_schema();
    for text in BUILT_IN.iter().chain(&[SSH_DEPLOY]) {
        let value: Value = toml::from_str(text).unwrap();
        assert_eq!(accepts(&schema, &schema, &value), Ok(()), "{text}");
    }
    for wrong in [
        "name = 1",
        "name = \"p\"",
        "name = \"p\"\nversion = \"1\"\ndescription = \"d\"\ntypo = 1",
        "name = \"p\"\nversion = \"1\"\ndescription = \"d\"\n[inputs.a]\ntypo = 1",
        "name = \"p\"\nversion = \"1\"\ndescription = \"d\"\nabi = \"plain\"",
    ] {
        let value: Value = toml::from_str(wrong).unwrap();
        assert!(accepts(&schema, &schema, &value).is_err(), "{wrong}");
    }
}

#[test]
fn the_schema_has_the_declarations_fields() {
    let schema = manifest_schema();
    let full = InputDeclaration {
        kind: "x".to_owned(),
        access: vec![AccessDeclaration {
            word: "read".to_owned(),
            when: Some("b".to_owned()),
        }],
        required: true,
        default: Some(Value::Bool(true)),
        doc: "d".to_owned(),
        examples: vec![Value::Bool(true)],
        sink: Some("s".to_owned()),
        role: Some("r".to_owned()),
        on: Some("o".to_owned()),
        values: vec!["v".to_owned()],
        min: Some(1.0),
        max: Some(1.0),
        pattern: Some("p".to_owned()),
        url_match: Some(UrlMatch::Exact),
        methods: vec!["GET".to_owned()],
        item: Some(Box::default()),
        value: Some(Box::default()),
        fields: [("f".to_owned(), InputDeclaration::default())].into(),
    };
    let output = OutputDeclaration {
        kind: "json".to_owned(),
        doc: "d".to_owned(),
    };
    let requirement = RequirementDeclaration {
        kind: "url".to_owned(),
        value: "v".to_owned(),
        doc: "d".to_owned(),
        access: full.access.clone(),
        url_match: full.url_match,
        methods: full.methods.clone(),
    };
    let manifest = ManifestDeclaration {
        name: "n".to_owned(),
        version: "v".to_owned(),
        description: "d".to_owned(),
        world: Some("w".to_owned()),
        abi: Some(AbiName::Command),
        protocol: Some(1),
        inputs: [("a".to_owned(), full.clone())].into(),
        requires: [("a".to_owned(), requirement.clone())].into(),
        outputs: [("a".to_owned(), output.clone())].into(),
    };
    let names = |value: &Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    let check = |value: Value, properties: &str| {
        assert_eq!(
            names(&value),
            names(schema.pointer(properties).unwrap()),
            "{properties}"
        );
    };
    check(serde_json::to_value(&manifest).unwrap(), "/properties");
    check(
        serde_json::to_value(&full).unwrap(),
        "/$defs/InputDeclaration/properties",
    );
    check(
        serde_json::to_value(&requirement).unwrap(),
        "/$defs/RequirementDeclaration/properties",
    );
    check(
        serde_json::to_value(&output).unwrap(),
        "/$defs/OutputDeclaration/properties",
    );
}
