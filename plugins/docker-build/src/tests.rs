//! Every input, on a host that is none.

use capstep_sdk::docker::{BuildOptions, Built, Transferred};
use capstep_sdk::ops::{Event, Progress};
use capstep_sdk::testing::{Answer, Call, Mock, Reply, manifest};
use capstep_sdk::{Duration, Error, ErrorKind, Failure};
use serde_json::{Value, json};

use super::*;

const SHORT: &str = "sha256:111111111111";
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// An engine and registries on which everything works.
fn works(call: &Call) -> Reply {
    match call {
        Call::Login { .. } => Answer::Done.into(),
        Call::Build { .. } => Reply::from(Answer::Built(Built {
            image: "sha256:abc".to_owned(),
            builder: "buildkit".to_owned(),
            cached: 3,
            steps: 7,
        }))
        .with_event(Event::Progress(Progress {
            what: "sending webapp".to_owned(),
            done: 50,
            total: None,
        })),
        Call::Push { image } => Answer::Transferred(Transferred {
            reference: format!("pushed{image}"),
            digest: Some(DIGEST.to_owned()),
            image: None,
        })
        .into(),
        other => panic!("not expected: {other:?}"),
    }
}

/// The same, but for calls whose summary begins with this.
fn but(at: &'static str, error: Error) -> Mock<'static> {
    Mock::new(move |call: &Call| {
        if call.summary().starts_with(at) {
            error.clone().into()
        } else {
            works(call)
        }
    })
}

fn go(host: &Mock<'_>, more: Value) -> Result<Outputs, Failure> {
    let mut inputs = json!({ "context": "webapp", "tags": ["r.example.com/a:1"] });
    inputs
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let result = run(host, serde_json::from_value(inputs).unwrap());
    assert_eq!(host.open_groups(), 0, "a group was left open");
    result
}

#[test]
fn log_in_build_push() {
    let host = Mock::new(works);
    let login =
        json!({ "host": "r.example.com", "username": "ci", "password": "capstep:secret:0" });
    let outputs = go(
        &host,
        json!({ "tags": ["r.example.com/a:1", "r.example.com/a:2"], "push": true, "registry": login, "timeout": "20m" }),
    )
    .unwrap();
    assert_eq!(
        host.calls(),
        [
            Call::Login {
                registry: "/registry/host".to_owned()
            },
            Call::Build {
                context: "/context".to_owned(),
                tags: vec!["/tags/0".to_owned(), "/tags/1".to_owned()],
                options: BuildOptions {
                    log: true,
                    timeout: Some(Duration::from_secs(1200).as_nanos()),
                },
            },
            Call::Push {
                image: "/tags/0".to_owned()
            },
            Call::Push {
                image: "/tags/1".to_owned()
            },
        ]
    );
    assert_eq!(
        serde_json::to_value(&outputs).unwrap(),
        json!({
            "image": "sha256:abc",
            "digest": DIGEST,
            "tags": [
                { "reference": "pushed/tags/0", "digest": DIGEST },
                { "reference": "pushed/tags/1", "digest": DIGEST },
            ],
            "builder": "buildkit",
        })
    );
    assert_eq!(
        host.lines(),
        [
            "info: logged in to r.example.com as ci",
            "[build webapp]",
            "  info: built sha256:abc with buildkit: 3 of 7 steps from the cache",
            &format!("info: pushed pushed/tags/0 {SHORT}"),
            &format!("info: pushed pushed/tags/1 {SHORT}"),
        ]
    );
    assert_eq!(host.shown_progress().len(), 1);
}

#[test]
fn only_what_is_asked_for_is_done() {
    let check = |more: Value, expected: &[&str]| {
        let host = Mock::new(works);
        go(&host, more).unwrap();
        assert_eq!(host.summaries(), expected);
    };
    check(json!({}), &["build /context"]);
    check(json!({ "tags": "a" }), &["build /context"]);
    check(
        json!({ "tags": "a", "push": true }),
        &["build /context", "push /tags"],
    );
    let login = |host: &str| json!({ "host": host, "username": "ci", "password": "p" });
    check(
        json!({ "registry": [login("a"), login("b")] }),
        &[
            "login /registry/0/host",
            "login /registry/1/host",
            "build /context",
        ],
    );
}

#[test]
fn without_a_push_there_is_no_digest() {
    let outputs = go(&Mock::new(works), json!({})).unwrap();
    assert_eq!(outputs.digest, None);
    assert_eq!(outputs.tags[0].reference, "r.example.com/a:1");
}

#[test]
fn what_fails_says_where_and_ends_the_step() {
    let login = json!({ "host": "r.example.com", "username": "ci", "password": "p" });
    let all = json!({ "tags": ["r.example.com/a:1", "r.example.com/a:2"], "push": true, "registry": login });
    let check = |at: &'static str, kind: ErrorKind, message: &str, calls: usize| {
        let host = but(at, Error::new(kind, "no"));
        let failure = go(&host, all.clone()).unwrap_err();
        assert_eq!(failure.message, message);
        assert_eq!(failure.kind, Some(kind));
        assert_eq!(host.calls().len(), calls, "{at}");
    };
    check(
        "login",
        ErrorKind::Unauthorized,
        "logging in to r.example.com: no",
        1,
    );
    check("build", ErrorKind::Peer, "building webapp: no", 2);
    check(
        "push /tags/0",
        ErrorKind::Unreachable,
        "pushing r.example.com/a:1: no",
        3,
    );
    check(
        "push /tags/1",
        ErrorKind::Cancelled,
        "pushing r.example.com/a:2: no (pushed before: pushed/tags/0)",
        4,
    );
}

#[test]
fn what_makes_no_sense_is_said_before_anything_is_touched() {
    let check = |more: Value, expected: &str| {
        let host = Mock::new(works);
        let failure = go(&host, more).unwrap_err();
        assert_eq!(failure.message, expected);
        assert_eq!(failure.kind, Some(ErrorKind::Invalid));
        assert!(host.calls().is_empty());
    };
    check(json!({ "tags": [] }), "tags: the image needs a name");
    check(
        json!({ "tags": ["a", "b", "a"] }),
        "tags: `a` is there twice",
    );
}

#[test]
fn the_manifest_and_the_code_agree() {
    let complete = json!({
        "context": "webapp", "dockerfile": "web.Dockerfile", "target": "production",
        "build-args": { "A": "1" }, "secrets": { "token": "x" }, "labels": { "a": "b" }, "tags": ["a:1"],
        "push": true, "cache-from": ["a:1"], "cache-to": "inline", "pull": true, "no-cache": true,
        "network": "none", "platforms": ["linux/amd64"],
        "registry": [{ "host": "r.example.com", "username": "ci", "password": "x" }], "timeout": "20m",
    });
    let outputs = go(&Mock::new(works), json!({ "push": true })).unwrap();
    let minimal = json!({ "context": "webapp", "tags": ["a:1"] });
    let found = manifest::problems::<Inputs, _>(
        include_str!("../plugin.toml"),
        &minimal,
        &complete,
        &outputs,
    );
    assert!(found.is_empty(), "{found:#?}");
}
