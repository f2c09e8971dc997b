//! Every input, on a host that is none.

use capstep_sdk::files::{EntriesOptions, Written};
use capstep_sdk::testing::{Answer, Call, Mock, Reply, manifest};
use capstep_sdk::{Error, ErrorKind, Failure};
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "capstep:secret:0123456789abcdef0123456789abcdef";

fn written(call: &Call) -> Reply {
    match call {
        Call::WriteEntries { values, .. } => {
            let entries = u32::try_from(values.len()).unwrap();
            Answer::Written(Written {
                entries,
                size: 12,
                changed: true,
                sealed: false,
            })
            .into()
        }
        _ => Error::new(ErrorKind::Internal, "not expected").into(),
    }
}

fn go(host: &Mock<'_>, inputs: Value) -> Result<Outputs, Failure> {
    run(host, serde_json::from_value(inputs).unwrap())
}

fn with(base: Value, more: Value) -> Value {
    let mut base = base.as_object().unwrap().clone();
    base.extend(more.as_object().unwrap().clone());
    Value::Object(base)
}

#[test]
fn names_are_handed_over_in_the_order_written() {
    let host = Mock::new(written);
    let inputs = json!({ "file": ".env", "vars": { "Z": "1", "A": SECRET, "M/x~": "" } });
    let outputs = go(&host, inputs).unwrap();
    assert_eq!(
        outputs,
        Outputs {
            file: ".env".to_owned(),
            entries: 3,
            changed: true
        }
    );
    assert_eq!(
        host.calls(),
        [Call::WriteEntries {
            input: "/file".to_owned(),
            format: "compose".to_owned(),
            values: vec![
                "/vars/Z".to_owned(),
                "/vars/A".to_owned(),
                "/vars/M~1x~0".to_owned()
            ],
            options: EntriesOptions {
                comment: None,
                mode: Some(0o600),
                strip_cr: true
            },
        }]
    );
    assert_eq!(
        host.lines(),
        [
            "info: .env: 3 variables (compose, 12 B)",
            "debug: Z",
            "debug: A",
            "debug: M/x~"
        ]
    );
}

#[test]
fn options_reach_the_host() {
    let host = Mock::new(written);
    let more = json!({ "format": "shell", "mode": "0640", "header": "ours", "strip-cr": false });
    go(
        &host,
        with(json!({ "file": ".env", "vars": { "A": "1" } }), more),
    )
    .unwrap();
    let Some(Call::WriteEntries {
        format, options, ..
    }) = host.calls().pop()
    else {
        panic!("nothing was written")
    };
    assert_eq!(format, "shell");
    let expected = EntriesOptions {
        comment: Some("ours".to_owned()),
        mode: Some(0o640),
        strip_cr: false,
    };
    assert_eq!(options, expected);
}

#[test]
fn formats_have_the_hosts_words() {
    for word in ["compose", "docker", "shell", "json"] {
        let format: Format = serde_json::from_value(json!(word)).unwrap();
        assert_eq!(format.word(), word);
    }
}

/// Nothing may be written, and the message is this.
fn refused(more: Value, expected: &str) -> Failure {
    let host = Mock::new(written);
    let vars = json!({ "PORT": "80x", "MODE": "dev", "EMPTY": "", "KEY": SECRET });
    let inputs = with(json!({ "file": ".env", "vars": vars }), more);
    let failure = go(&host, inputs).unwrap_err();
    assert_eq!(failure.message, expected);
    assert_eq!(failure.kind, Some(ErrorKind::Invalid));
    assert!(host.calls().is_empty());
    assert!(
        !format!("{failure:?}{:?}", host.lines()).contains("80x"),
        "a value was told"
    );
    failure
}

#[test]
fn all_mistakes_are_told_at_once_and_before_writing() {
    refused(
        json!({ "required": ["A", "EMPTY", "A", "KEY", "B"] }),
        "vars: A is missing; EMPTY is empty; B is missing",
    );
    refused(json!({ "required": "A" }), "vars: A is missing");
    refused(
        json!({ "allow-empty": false, "required": ["EMPTY"] }),
        "vars: EMPTY is empty",
    );
    refused(json!({ "allow-empty": false }), "vars: EMPTY is empty");
    refused(
        json!({ "schema": { "PORT": { "type": "port" } } }),
        "vars: PORT is not a port (1 to 65535)",
    );
    refused(
        json!({ "schema": { "PORT": { "pattern": "[0-9]+" } } }),
        "vars: PORT does not match `[0-9]+`",
    );
    refused(
        json!({ "schema": { "MODE": { "values": ["staging", "production"] } } }),
        "vars: MODE is none of `staging`, `production`",
    );
    refused(
        json!({ "deny-unknown": true, "schema": { "PORT": {}, "MODE": {}, "KEY": {}, "OTHER": { "type": "url" } } }),
        "vars: EMPTY is not in the schema",
    );
    refused(
        json!({ "deny-unknown": true }),
        "deny-unknown: there is no `schema` that could know a name",
    );
    refused(
        json!({ "mode": "rw" }),
        "mode: `rw` is not octal permission bits such as \"0600\"",
    );
    refused(
        json!({ "format": "json", "header": "x" }),
        "header: `format: json` has no comments",
    );
    for pattern in ["a)(b", "[", "*"] {
        let failure = go(
            &Mock::new(written),
            json!({ "file": ".env", "vars": {}, "schema": { "A": { "pattern": pattern } } }),
        );
        let message = failure.unwrap_err().message;
        assert!(message.contains("is not a regular expression"), "{message}");
    }
}

#[test]
fn problems_say_where() {
    let failure = refused(
        json!({ "required": ["A"], "schema": { "PORT": { "type": "port" } } }),
        "vars: A is missing; PORT is not a port (1 to 65535)",
    );
    let details: Value = serde_json::from_str(&failure.details.unwrap()).unwrap();
    assert_eq!(
        details["problems"][0],
        json!({ "pointer": "/vars", "name": "A", "message": "is missing" })
    );
    assert_eq!(details["problems"][1]["pointer"], "/vars/PORT");
}

#[test]
fn a_secret_passes_what_cannot_be_seen() {
    let host = Mock::new(written);
    let schema = json!({ "KEY": { "type": "integer", "pattern": "x", "values": ["y"] }, "ABSENT": { "type": "url" } });
    let vars = json!({ "KEY": SECRET, "URL": format!("postgres://app:{SECRET}@db/app") });
    go(&host, json!({ "file": ".env", "vars": vars, "schema": schema, "allow-empty": false, "required": "KEY" }))
        .unwrap();
    assert!(
        host.lines()
            .contains(&"debug: KEY: a secret; its schema is not checked".to_owned())
    );
    assert!(!host.lines().join("\n").contains(SECRET));
}

#[test]
fn what_the_host_says_is_kept() {
    let host = Mock::new(|_: &Call| {
        Reply::from(Error::new(
            ErrorKind::Invalid,
            "A: docker has no line breaks",
        ))
    });
    let failure = go(
        &host,
        json!({ "file": ".env", "vars": { "A": "x\ny" }, "format": "docker" }),
    )
    .unwrap_err();
    assert_eq!(
        failure.message,
        "writing .env: A: docker has no line breaks"
    );
    assert_eq!(failure.kind, Some(ErrorKind::Invalid));
}

#[test]
fn what_was_there_already_is_said() {
    let sealed = Written {
        entries: 1,
        size: 90,
        changed: false,
        sealed: true,
    };
    let host = Mock::new(|_: &Call| Answer::Written(sealed));
    assert!(
        !go(&host, json!({ "file": ".env", "vars": { "A": SECRET } }))
            .unwrap()
            .changed
    );
    assert_eq!(
        host.lines()[0],
        "info: .env: 1 variable (compose, 90 B, sealed, unchanged)"
    );
}

#[test]
fn the_manifest_and_the_code_agree() {
    let complete = json!({
        "file": ".env", "vars": { "A": "1" }, "format": "json", "mode": "0600", "header": "h", "required": ["A"],
        "allow-empty": false, "schema": { "A": { "type": "integer", "pattern": "1", "values": ["1"] } },
        "deny-unknown": true, "strip-cr": false,
    });
    let outputs = Outputs {
        file: ".env".to_owned(),
        entries: 1,
        changed: true,
    };
    let minimal = json!({ "file": ".env", "vars": {} });
    let found = manifest::problems::<Inputs, _>(
        include_str!("../plugin.toml"),
        &minimal,
        &complete,
        &outputs,
    );
    assert!(found.is_empty(), "{found:#?}");
}
