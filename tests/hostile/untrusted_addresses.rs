//! Pipelines of somebody else, and what they would reach of this machine by writing its address. Each attempt is made
//! twice: what is trusted may name it.
//!
//! SSH is not among these: whatever the address, no untrusted run has a key to log in with.

use std::sync::atomic::Ordering;

use capstep_grants::check::Rule;
use capstep_test_engine::{Dockerd, Registry};
use capstep_tests::hostile;
use capstep_tests::project::Project;
use capstep_tests::servers;
use serde_json::{Value, json};

use crate::runner::{call, named, wait};

const INPUTS: &str = "[inputs.url]\ntype = \"url\"\n[inputs.address]\ntype = \"tcp-address\"\n";

/// The machine itself, as a pipeline can write it.
const HERE: [&str; 2] = ["127.0.0.1", "localhost"];

/// The denials of the latest run: verbs and rules.
fn denials(project: &Project) -> Vec<String> {
    let journal = project.journal();
    let denied = journal.iter().filter(|record| record.phase() == "denied");
    denied
        .map(|record| format!("{} {}", record.verb(), record.rule().unwrap_or_default()))
        .collect()
}

/// A trusted run does it; an untrusted one is denied, by the rule about addresses and at this verb.
#[track_caller]
fn twice(project: &Project, verb: &str) {
    project.capstep(&["run"]).expect(0);
    assert_eq!(denials(project), [""; 0], "{verb}");
    refused(project, verb);
}

#[track_caller]
fn refused(project: &Project, verb: &str) {
    let rule = Rule::AddressRefused.word();
    let ran = project.capstep(&["run", "--untrusted"]).expect(3);
    ran.says(rule)
        .says("an untrusted run reaches it only where");
    assert_eq!(denials(project), [format!("{verb} {rule}")]);
}

fn attempts(host: &str, port: u16) -> [(&'static str, Vec<Value>); 3] {
    let url = format!("http://{host}:{port}/");
    let request = json!({ "request": { "method": "GET", "input": "/url" } });
    let connect = json!({ "address": "/address", "options": {} });
    [
        (
            "http/send",
            vec![
                named("op", "http/send", request),
                wait("op"),
                call("http/response", json!({ "op": "$op" })),
            ],
        ),
        (
            "wasi/http",
            vec![call("local/http", json!({ "url": url, "method": "GET" }))],
        ),
        (
            "tcp/connect",
            vec![
                named("op", "tcp/connect", connect),
                wait("op"),
                call("tcp/answer", json!({ "op": "$op" })),
            ],
        ),
    ]
}

#[test]
fn requests_and_connections() {
    let (port, asked) = servers::answering("200 OK", "reached");
    for host in HERE {
        let with = format!(
            "          url: \"http://{host}:{port}/\"\n          address: \"{host}:{port}\"\n"
        );
        for (verb, calls) in attempts(host, port) {
            let project = hostile::project(INPUTS, &with, &json!(calls));
            project.capstep(&["run"]).expect(0);
            let before = asked.load(Ordering::SeqCst);
            refused(&project, verb);
            assert_eq!(asked.load(Ordering::SeqCst), before, "{host} {verb}");
        }
    }
}

#[test]
fn scripts() {
    let (port, asked) = servers::answering("200 OK", "reached");
    for host in HERE {
        let project = Project::new(&format!(
            "version: 1\njobs:\n  a:\n    steps:\n      - allow: [\"http://{host}:{port}\"]\n        run: |\n          \
             proxy=${{http_proxy#http://}}; proxy=${{proxy%/}}\n          \
             exec 3<>/dev/tcp/${{proxy%:*}}/${{proxy##*:}}\n          \
             printf 'GET http://{host}:{port}/ HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n' >&3\n          \
             cat <&3\n"
        ));
        let ran = project.capstep(&["run", "--verbose"]);
        ran.expect(0).says("reached");
        let before = asked.load(Ordering::SeqCst);
        refused(&project, "script/connect");
        assert_eq!(asked.load(Ordering::SeqCst), before, "{host}");
    }
}

#[test]
fn registries() {
    let (engine, registry) = (Dockerd::start(), Registry::start_open());
    for host in HERE {
        let image = format!("{host}:{}/untrusted:one", registry.port);
        let mut project = Project::empty();
        project.set("DOCKER_HOST", engine.host());
        project.write("image/Dockerfile", "FROM scratch\nCOPY hello /\n");
        project.write("image/hello", "hello\n");
        let build = |more: &str| {
            format!(
                "version: 1\njobs:\n  a:\n    steps:\n      - uses: docker-build\n        with: {{ context: image/, \
                 tags: [\"{image}\"], {more} }}\n"
            )
        };
        project.write("capstep.yml", build("push: true"));
        twice(&project, "docker/push");
        project.write("capstep.yml", build(&format!("cache-from: [\"{image}\"]")));
        twice(&project, "docker/build");
        // What asks no registry is no matter of its address.
        project.write("capstep.yml", build("push: false"));
        project.capstep(&["run", "--untrusted"]).expect(0);

        let pull = [
            named("op", "docker/pull", json!({ "image": "/image" })),
            wait("op"),
            call("docker/transferred", json!({ "op": "$op" })),
        ];
        let inputs = "[inputs.image]\ntype = \"image\"\naccess = [\"pull\"]\n";
        let with = format!("          image: \"{image}\"\n");
        project.write("plugins/hostile.wasm", hostile::plugin(inputs));
        project.write("capstep.yml", hostile::pipeline(&with, &json!(pull)));
        twice(&project, "docker/pull");
    }
}
