//! What inputs designate: values, grants, secrets and roles of steps without mistakes.

use serde_json::{Value, json};

use crate::bind::{BoundStep, RoleKind};
use crate::testing::{bound, manifest};

fn bind(inputs: &str, with: &str) -> BoundStep {
    let (bound, mistakes) = bound(
        &manifest(inputs),
        with,
        json!({ "host": "203.0.113.7", "flag": true, "method": "HEAD" }),
    );
    assert_eq!(mistakes, Vec::<String>::new(), "{with}");
    bound
}

/// The grants, one a line: pointer, type, thing, accesses, and those that are off.
fn shown(bound: &BoundStep) -> Vec<String> {
    bound
        .grants
        .iter()
        .map(|grant| {
            let words: Vec<&str> = grant.access.iter().map(|access| access.word()).collect();
            let off: String = grant
                .off
                .iter()
                .map(|(access, when)| format!(" not {access} ({when})"))
                .collect();
            let thing = grant.authority.as_ref().unwrap();
            format!(
                "{} {} {thing} [{}]{off}",
                grant.pointer,
                grant.kind,
                words.join(" ")
            )
        })
        .collect()
}

#[test]
fn values() {
    const INPUTS: &str = r#"
[inputs.text]
type = "string"
[inputs.texts]
type = "list<string>"
[inputs.items]
type = "list"
item = { fields = { a = { type = "integer" }, b = { type = "string", default = "B" } } }
[inputs.map]
type = "map<boolean>"
[inputs.word]
type = "enum"
values = ["a", "b"]
default = "a"
[inputs.free]
type = "json"
"#;
    let check = |with: &str, pointer: &str, expected: Value| {
        let bound = bind(INPUTS, with);
        assert_eq!(bound.values.pointer(pointer), Some(&expected), "{with}");
        assert!(bound.grants.is_empty() && bound.secrets.is_empty());
    };
    check("with: { text: 1.10 }", "/text", json!("1.10"));
    check("with: { text: 0010 }", "/text", json!("0010"));
    check("with: { text: true }", "/text", json!("true"));
    check("with: { texts: 1.0 }", "/texts", json!(["1.0"]));
    check("with: { texts: [a, 2] }", "/texts", json!(["a", "2"]));
    check("with: { texts: [] }", "/texts", json!([]));
    check(
        "with: { items: { a: 1 } }",
        "/items",
        json!([{ "a": 1, "b": "B" }]),
    );
    check(
        "with: { items: [{ a: 1, b: x }, {}] }",
        "/items",
        json!([{ "a": 1, "b": "x" }, { "a": null, "b": "B" }]),
    );
    check(
        "with: { map: { \"a/b~c\": true } }",
        "/map/a~1b~0c",
        json!(true),
    );
    check("with: { text: null }", "/text", Value::Null);
    check("with: { word: null }", "/word", json!("a"));
    check("", "/word", json!("a"));
    check("", "/items", Value::Null);
    check(
        "with: { free: { a: [1, \"x ${{ steps.s.outputs.host }}\"], b: \"${{ steps.s.outputs.flag }}\" } }",
        "/free",
        json!({ "a": [1, "x 203.0.113.7"], "b": true }),
    );
    check("with: { text: { value: x } }", "/text", json!("x"));
}

#[test]
fn grants() {
    const INPUTS: &str = r#"
[inputs.push]
type = "boolean"
[inputs.flag]
type = "boolean"
default = true
[inputs.target]
type = "list<ssh-target>"
access = ["script", "exec if push", "files if flag"]
[inputs.known]
type = "path"
role = "known-hosts(target)"
[inputs.copies]
type = "list"
[inputs.copies.item.fields.only]
type = "boolean"
[inputs.copies.item.fields.from]
type = "path"
access = ["upload if only"]
[inputs.urls]
type = "map<url>"
match = "prefix"
"#;
    let check =
        |with: &str, expected: &[&str]| assert_eq!(shown(&bind(INPUTS, with)), expected, "{with}");
    check("", &[]);
    check(
        "with: { target: Root@Web.Example.com. }",
        &["/target/0 ssh-target Root@web.example.com [script files] not exec (push)"],
    );
    check(
        "with: { target: [a@b, \"c@[::1]:2222\"], push: true, flag: false }",
        &[
            "/target/0 ssh-target a@b [script exec] not files (flag)",
            "/target/1 ssh-target c@[::1]:2222 [script exec] not files (flag)",
        ],
    );
    check(
        "with: { target: a@b, push: \"${{ steps.s.outputs.flag }}\" }",
        &["/target/0 ssh-target a@b [script exec files]"],
    );
    check(
        "with: { copies: [{ from: ./a//, only: true }, { from: b }], known: k }",
        &[
            "/known path k []",
            "/copies/0/from path a [upload]",
            "/copies/1/from path b [] not upload (only)",
        ],
    );
    check(
        "with: { urls: { \"a/b~\": \"HTTPS://A.example\" } }",
        &["/urls/a~1b~0 url https://a.example/ (prefix) [request]"],
    );
    check(
        "with: { target: { value: \"root@${{ steps.s.outputs.host }}\", within: \"root@203.0.113.0/24\" } }",
        &["/target/0 ssh-target root@203.0.113.7 [script files] not exec (push)"],
    );
}

#[test]
fn a_run_time_value_keeps_its_source_and_bound() {
    let bound = bind(
        "inputs.url = { type = \"url\" }",
        "with: { url: { value: \"http://${{ steps.s.outputs.host }}/\", within: \"http://[203.0.113.0/24]/\" } }",
    );
    let grant = serde_json::to_value(&bound.grants[0]).unwrap();
    assert_eq!(
        grant,
        json!({
            "pointer": "/url",
            "type": "url",
            "authority": { "kind": "url", "url": "http://203.0.113.7/", "match": "exact", "methods": ["GET", "HEAD"] },
            "access": ["request"],
            "provenance": { "from": "run-time", "expression": "http://${{ steps.s.outputs.host }}/" },
            "within": "http://[203.0.113.0/24]/",
            "place": { "file": "capstep.yml", "line": 9, "column": 31 }
        })
    );
}

#[test]
fn a_step_that_chooses_a_method_is_granted_that_one() {
    let check = |with: &str, expected: &[&str]| {
        let bound = bind(
            r#"
[inputs.method]
type = "enum"
values = ["GET", "HEAD", "POST"]
default = "GET"
[inputs.url]
type = "list<url>"
methods = "input(method)"
[inputs.calls]
type = "list"
[inputs.calls.item.fields.how]
type = "enum"
values = ["PUT", "DELETE"]
required = true
[inputs.calls.item.fields.url]
type = "url"
methods = "input(how)"
"#,
            with,
        );
        let shown: Vec<String> = bound
            .grants
            .iter()
            .map(|grant| match &grant.authority {
                Some(crate::Authority::Url { methods, .. }) => {
                    format!("{} {}", grant.pointer, methods.join(" "))
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(shown, expected, "{with}");
    };
    check("with: { url: \"http://a.example\" }", &["/url/0 GET"]);
    check(
        "with: { method: POST, url: [\"http://a.example\", \"http://b.example\"] }",
        &["/url/0 POST", "/url/1 POST"],
    );
    check(
        "with: { method: null, url: \"http://a.example\" }",
        &["/url/0 GET"],
    );
    check(
        "with: { method: \"${{ steps.s.outputs.method }}\", url: \"http://a.example\" }",
        &["/url/0 HEAD"],
    );
    check(
        "with: { calls: [{ how: PUT, url: \"http://a.example\" }, { how: DELETE, url: \"http://b.example\" }] }",
        &["/calls/0/url PUT", "/calls/1/url DELETE"],
    );
}

#[test]
fn secrets_carry_their_names_and_sinks() {
    const INPUTS: &str = r#"
[inputs.target]
type = "list<ssh-target>"
access = ["script"]
[inputs.key]
type = "secret"
sink = "ssh-auth(target)"
[inputs.run]
type = "script"
on = "target"
[inputs.env]
type = "map<string>"
sink = "remote-env(run)"
role = "script-env(run)"
[inputs.file]
type = "path"
access = ["write"]
[inputs.format]
type = "string"
default = "compose"
[inputs.vars]
type = "map<string>"
sink = "file(file, format)"
[inputs.fixed]
type = "string"
sink = "file(file, json)"
[inputs.plain]
type = "string"
"#;
    let check = |with: &str, expected: &[&str]| {
        let bound = bind(INPUTS, with);
        let shown: Vec<String> = bound
            .secrets
            .iter()
            .map(|secret| {
                let names: Vec<&str> = secret.text.names.iter().map(String::as_str).collect();
                let sink = secret.sink.as_ref().map_or("nowhere".to_owned(), |sink| {
                    format!(
                        "{} {}{}",
                        sink.kind.word(),
                        sink.to.join(","),
                        sink.format
                            .as_ref()
                            .map_or(String::new(), |format| format!(" {format}"))
                    )
                });
                let reveal = if secret.reveal { ", revealed" } else { "" };
                assert_eq!(bound.values.pointer(&secret.pointer), Some(&Value::Null));
                format!(
                    "{} {:?} of {} to {sink}{reveal}",
                    secret.pointer,
                    secret.text.text.as_str(),
                    names.join("+")
                )
            })
            .collect();
        assert_eq!(shown, expected, "{with}");
    };
    check(
        "with: { target: [a@b, c@d], key: \"${{ secrets.KEY }}\" }",
        &["/key \"key\" of KEY to ssh-auth /target/0,/target/1"],
    );
    check(
        "with: { run: x, env: { A: plain, URL: \"postgres://app:${{ urlencode(secrets.KEY) }}@${{ secrets.OTHER }}/app\" } }",
        &["/env/URL \"postgres://app:key@other/app\" of KEY+OTHER to remote-env /run"],
    );
    check(
        "with: { file: .env, vars: { \"A/B\": \"${{ secrets.KEY }}\" } }",
        &["/vars/A~1B \"key\" of KEY to file /file compose"],
    );
    check(
        "with: { file: .env, format: shell, vars: { A: \"${{ secrets.KEY }}\" }, fixed: \"${{ secrets.KEY }}\" }",
        &[
            "/vars/A \"key\" of KEY to file /file shell",
            "/fixed \"key\" of KEY to file /file json",
        ],
    );
    check(
        "with: { plain: { value: \"${{ secrets.KEY }}\", reveal: true } }",
        &["/plain \"key\" of KEY to nowhere, revealed"],
    );
    check("with: { vars: { A: plain } }", &[]);
}

#[test]
fn roles_serve_their_siblings_at_every_depth() {
    const INPUTS: &str = r#"
[inputs.known]
type = "path"
role = "known-hosts(target)"
[inputs.target]
type = "list<ssh-target>"
access = ["script"]
[inputs.hosts]
type = "list"
[inputs.hosts.item.fields.host]
type = "ssh-target"
access = ["script"]
[inputs.hosts.item.fields.keys]
type = "list<string>"
role = "host-key(host)"
[inputs.hosts.item.fields.known]
type = "path"
role = "known-hosts(../target)"
"#;
    let bound = bind(
        INPUTS,
        "with: { target: [a@b, c@d], known: k, hosts: [{ host: e@f, keys: x }, { host: g@h }] }",
    );
    let shown: Vec<(&str, RoleKind, String)> = bound
        .roles
        .iter()
        .map(|role| (role.pointer.as_str(), role.kind, role.serves.join(",")))
        .collect();
    let both = "/target/0,/target/1".to_owned();
    assert_eq!(
        shown,
        [
            ("/known", RoleKind::KnownHosts, both.clone()),
            (
                "/hosts/0/keys",
                RoleKind::HostKey,
                "/hosts/0/host".to_owned()
            ),
            ("/hosts/0/known", RoleKind::KnownHosts, both.clone()),
            (
                "/hosts/1/keys",
                RoleKind::HostKey,
                "/hosts/1/host".to_owned()
            ),
            ("/hosts/1/known", RoleKind::KnownHosts, both),
        ]
    );
}

#[test]
fn relative_paths_lie_in_the_release_of_the_same_targets() {
    const INPUTS: &str = r#"
[inputs.target]
type = "ssh-target"
access = ["files"]
[inputs.release]
type = "remote-path(target)"
access = ["release"]
[inputs.to]
type = "remote-path(target)"
access = ["upload"]
"#;
    let bound = bind(INPUTS, "with: { target: a@b, release: /srv, to: web/ }");
    assert_eq!(
        serde_json::to_value(&bound.grants[2].authority).unwrap(),
        json!({ "kind": "remote-path", "path": "web", "targets": ["/target"], "release": "/release" })
    );
    let bound = bind(INPUTS, "with: { target: a@b, release: /srv, to: /web }");
    assert_eq!(
        serde_json::to_value(&bound.grants[2].authority).unwrap(),
        json!({ "kind": "remote-path", "path": "/web", "targets": ["/target"] })
    );
}
