//! What a plugin tries without asking the host: sockets, names, requests, files and the environment of its own.

use capstep_grants::check::Rule;
use capstep_tests::hostile;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::servers;
use serde_json::{Value, json};

use crate::runner::call;

/// The rules that stop these.
pub(crate) const RULES: [Rule; 3] = [Rule::RawSocket, Rule::NameLookup, Rule::RawHttp];

fn run(inputs: &str, with: &str, calls: Value) -> (Project, Ran, Vec<Value>) {
    let mut project = hostile::project(inputs, with, &calls);
    project.environment = vec![("HOME_SECRET".to_owned(), "not for plugins".to_owned())];
    let ran = project.capstep(&["run", "--format", "json"]);
    let answers = hostile::answers(&ran);
    (project, ran, answers)
}

#[track_caller]
fn assert_denied(project: &Project, ran: &Ran, verb: &str, rule: Rule) {
    assert_eq!(ran.code(), 3, "{}", ran.text());
    let journal = project.journal();
    let denied: Vec<_> = journal
        .iter()
        .filter(|record| record.phase() == "denied")
        .collect();
    assert!(!denied.is_empty(), "no denial in the journal");
    assert!(
        denied
            .iter()
            .all(|record| record.verb() == verb && record.rule() == Some(rule.word())),
        "{denied:?}"
    );
}

#[test]
fn a_socket_of_its_own() {
    let (port, asked) = servers::answering("200 OK", "reached");
    let address = format!("127.0.0.1:{port}");
    // The same place, once by the host's verb and once without it.
    let inputs = "[inputs.address]\ntype = \"tcp-address\"\n";
    let with = format!("          address: {address}\n");
    let granted = json!([
        { "method": "tcp/connect", "params": { "address": "/address", "options": {} }, "as": "op" },
        call("local/wait", json!({ "op": "$op" })),
        call("tcp/answer", json!({ "op": "$op" })),
    ]);
    let (_, ran, _) = run(inputs, &with, granted);
    assert_eq!(ran.code(), 0, "{}", ran.text());
    let (project, ran, _) = run(
        inputs,
        &with,
        json!([call("local/connect", json!({ "address": address }))]),
    );
    assert_denied(&project, &ran, "wasi/socket", Rule::RawSocket);
    assert_eq!(
        asked.load(std::sync::atomic::Ordering::SeqCst),
        0,
        "a request was made"
    );
}

#[test]
fn a_name_of_its_own() {
    let (project, ran, _) = run(
        "",
        "",
        json!([call("local/lookup", json!({ "name": "leak.example.com" }))]),
    );
    assert_denied(&project, &ran, "wasi/name-lookup", Rule::NameLookup);
}

#[test]
fn a_request_of_its_own() {
    // A command that calls what the door of `wasi:http` has not.
    let component = r#"(component
        (import "wasi:http/incoming-handler@0.2.0" (instance $http (export "handle" (func))))
        (core func $handle (canon lower (func $http "handle")))
        (core module $code
            (import "http" "handle" (func $handle))
            (func (export "run") (result i32) (call $handle) (i32.const 0)))
        (core instance $program (instantiate $code (with "http" (instance (export "handle" (func $handle))))))
        (func $run (result (result)) (canon lift (core func $program "run")))
        (instance $commands (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $commands)))"#;
    let mut bytes = wat::parse_str(component).unwrap();
    bytes.extend(hostile::manifest("").to_custom_section());
    let project = Project::new(&hostile::pipeline("", &json!([])));
    project.write("plugins/hostile.wasm", bytes);
    let ran = project.capstep(&["run", "--format", "json"]);
    assert_denied(&project, &ran, "wasi/http", Rule::RawHttp);
}

#[test]
fn files_and_environment_are_simply_not_there() {
    let calls = json!([
        call("local/environment", json!({})),
        call("local/read", json!({ "path": "/etc/passwd" })),
        call("local/read", json!({ "path": "capstep.yml" })),
    ]);
    let (_, ran, answers) = run("", "", calls);
    // Absence is no denial: runtimes look for such things at their start.
    assert_eq!(ran.code(), 0, "{}", ran.text());
    assert_eq!(answers[0], json!({ "ok": {} }));
    assert!(
        answers[1].get("error").is_some() && answers[2].get("error").is_some(),
        "{answers:?}"
    );
}

#[test]
fn a_placeholder_is_good_at_its_sink_alone() {
    // The plugin sees placeholders; sent as text to a server of its choosing they are only text.
    let (port, _) = servers::answering("200 OK", "hello");
    let inputs = "[inputs.url]\ntype = \"url\"\nmethods = [\"POST\"]\n[inputs.token]\ntype = \"secret\"\nsink = \"http-header(url)\"\n";
    let with = format!(
        "          url: http://127.0.0.1:{port}/\n          token: \"${{{{ secrets.CANARY }}}}\"\n"
    );
    let project = hostile::project(inputs, &with, &json!([]));
    let canary = project.dir.path().join("canary");
    std::fs::write(&canary, "cnry-0123456789abcdef").unwrap();
    let ran = project
        .capstep(&[
            "run",
            "--format",
            "json",
            "--secret",
            &format!("CANARY=file:{}", canary.display()),
        ])
        .expect(0)
        .never_says("cnry-0123456789abcdef");
    let seen = ran
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|event| {
            event["outputs"]["inputs"]["token"]
                .as_str()
                .map(str::to_owned)
        });
    assert!(
        seen.is_some_and(|seen| seen.len() >= 32),
        "no placeholder: {}",
        ran.stdout
    );
}
