//! Whose failure it is: exit code 4 is for what the host itself could not reach, and no plugin can say so by itself.

use capstep_tests::hostile;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::servers;
use serde_json::{Value, json};

use crate::runner::{call, named, wait};

const INPUTS: &str = "[inputs.address]\ntype = \"tcp-address\"\n";

/// The plugin ends with this kind, after having asked for a connection to the port where there is one.
fn fails(kind: &str, port: Option<u16>) -> Ran {
    let mut calls = Vec::new();
    let with = match port {
        None => String::new(),
        Some(port) => {
            let options = json!({ "timeout": "500ms" });
            calls.push(named(
                "op",
                "tcp/connect",
                json!({ "address": "/address", "options": options }),
            ));
            calls.push(wait("op"));
            calls.push(call("tcp/answer", json!({ "op": "$op" })));
            format!("          address: 127.0.0.1:{port}\n")
        }
    };
    calls.push(call(
        "local/fail",
        json!({ "kind": kind, "message": "it says so" }),
    ));
    let project = hostile::project(INPUTS, &with, &json!(calls));
    project.capstep(&["run"]).says("it says so")
}

#[test]
fn a_plugin_that_was_told_nothing_is_not_believed() {
    let (answers, _) = servers::answering("200 OK", "");
    fails("unreachable", None).expect(1);
    // What it reached could be reached.
    fails("unreachable", Some(answers)).expect(1);
    fails("of-its-own", Some(servers::full().port)).expect(1);
}

#[test]
fn what_could_not_be_reached_is_the_machines_failure() {
    // Nobody listens; somebody listens and takes no connection.
    fails("unreachable", Some(1)).expect(4);
    fails("unreachable", Some(servers::full().port)).expect(4);
}

#[test]
fn a_connection_that_is_not_taken_in_time_is_no_connection() {
    let full = servers::full();
    let calls = json!([
        named(
            "op",
            "tcp/connect",
            json!({ "address": "/address", "options": { "timeout": "500ms" } })
        ),
        wait("op"),
        call("tcp/answer", json!({ "op": "$op" })),
    ]);
    let with = format!("          address: 127.0.0.1:{}\n", full.port);
    let project = hostile::project(INPUTS, &with, &calls);
    let ran = project.capstep(&["run", "--format", "json"]);
    let answers: Vec<Value> = hostile::answers(&ran);
    let error = &answers[2]["error"];
    assert_eq!(
        (&error["kind"], &error["stage"]),
        (&json!("unreachable"), &json!("tcp")),
        "{error}"
    );
}

#[test]
fn a_server_that_takes_no_login_in_time_is_the_machines_failure() {
    let full = servers::full();
    let project = Project::new(&format!(
        "version: 1\nsecrets: [KEY]\njobs:\n  a:\n    steps:\n      - uses: ssh-deploy\n        with:\n          target: root@127.0.0.1:{}\n          identity: \"${{{{ secrets.KEY }}}}\"\n          host-key: \"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n          run: \"true\"\n",
        full.port
    ));
    let key = project.secrets("KEY=none that is looked at before there is a connection\n");
    project
        .capstep(&["run", "--env-file", &key])
        .expect(4)
        .says("no connection to 127.0.0.1");
}

/// What a plugin does that keeps to nothing, and what people are told of it.
#[test]
fn what_a_plugin_did_wrong_is_said() {
    let check = |calls: Value, code: i32, said: &str| {
        let inputs = "[inputs.site]\ntype = \"url\"\nmatch = \"prefix\"\n";
        let with = "          site: http://127.0.0.1:1/site/\n";
        let project = hostile::project(inputs, with, &calls);
        project.capstep(&["run"]).expect(code).says(said);
    };
    let output = |name: &str, value: Value| {
        json!([call("local/put", json!({ "name": name, "value": value }))])
    };
    check(
        output("another", json!(1)),
        1,
        "`hostile` gave the output `another`, which its manifest does not declare",
    );
    check(
        output("large", json!(5)),
        1,
        "the output `large` of `hostile` is no string, as its manifest says",
    );
    check(
        output("large", json!("x".repeat(70_000))),
        1,
        "the output `large` of `hostile` is larger than 64 KiB",
    );
    check(
        json!([call("local/exit", json!({ "code": 0 }))]),
        1,
        "the plugin does not keep to the interface: the plugin ended with the exit code 0 and did not answer `run`",
    );
    check(
        json!([call("local/grow", json!({ "bytes": 300 * 1024 * 1024 }))]),
        1,
        "the plugin wanted more than its 256 MiB of memory",
    );
    let request =
        json!({ "input": "/site", "url": "http://127.0.0.1:1/site/a%2fb", "method": "GET" });
    check(
        json!([call("http/send", json!({ "request": request }))]),
        3,
        "`http://127.0.0.1:1/site/a%2fb` has an encoded separator or dot segment, which servers read in different ways",
    );
}
