//! Every input, on a host that is none.

use capstep_sdk::ops::{Event, Progress};
use capstep_sdk::ssh::{Exit, Released, RunOptions, Transfer, Uploaded};
use capstep_sdk::testing::{Answer, Call, Mock, Reply, manifest};
use capstep_sdk::{Duration, Error, ErrorKind, Failure};
use serde_json::{Value, json};

use super::*;

/// A server on which everything works.
fn works(call: &Call) -> Reply {
    let release = |previous: Option<&str>, pruned: &[&str]| {
        Answer::Released(Released {
            name: "20261121-1".to_owned(),
            previous: previous.map(str::to_owned),
            pruned: pruned.iter().map(|name| (*name).to_owned()).collect(),
        })
    };
    match call {
        Call::Connect { .. } => Answer::Done.into(),
        Call::Upload { .. } => {
            let progress = Progress {
                what: "uploading".to_owned(),
                done: 6,
                total: Some(12),
            };
            let files = vec!["/srv/webapp/.env".to_owned()];
            Reply::from(Answer::Uploaded(Uploaded {
                files,
                unchanged: 41,
                bytes: 12,
            }))
            .with_event(Event::Progress(progress))
        }
        Call::Run { .. } => Answer::Exit(Exit {
            code: Some(0),
            signal: None,
        })
        .into(),
        Call::BeginRelease { .. } => release(None, &[]).into(),
        Call::CommitRelease { .. } => release(Some("20261120-1"), &["20261101-1"]).into(),
        Call::AbortRelease { .. } => release(None, &[]).into(),
        other => panic!("not expected: {other:?}"),
    }
}

/// The same, but for calls whose summary begins with this.
fn but(at: &'static str, reply: impl Into<Reply>) -> Mock<'static> {
    let reply = reply.into();
    Mock::new(move |call: &Call| {
        if call.summary().starts_with(at) {
            reply.clone()
        } else {
            works(call)
        }
    })
}

fn go(host: &Mock<'_>, more: Value) -> Result<Outputs, Failure> {
    let mut inputs = json!({ "target": "root@a", "identity": "capstep:secret:0" })
        .as_object()
        .unwrap()
        .clone();
    inputs.extend(more.as_object().unwrap().clone());
    let result = run(host, serde_json::from_value(Value::Object(inputs)).unwrap());
    assert_eq!(host.open_groups(), 0, "a group was left open");
    result
}

fn full() -> Value {
    json!({ "release": "/srv/webapp", "upload": { "from": ".env", "to": ".env" }, "run": "bash deploy.sh" })
}

#[test]
fn files_then_script() {
    let host = Mock::new(works);
    let upload = json!([{ "from": "webapp/", "to": "/srv/webapp/" }, { "from": ".env", "to": "/srv/webapp/.env" }]);
    let outputs = go(
        &host,
        json!({ "upload": upload, "run": "bash deploy.sh", "timeout": "10m" }),
    )
    .unwrap();
    let transfer = |index: usize| Transfer {
        source: format!("/upload/{index}/from"),
        destination: format!("/upload/{index}/to"),
    };
    let target = "/target".to_owned();
    let timeout = Some(Duration::from_secs(600).as_nanos());
    assert_eq!(
        host.calls(),
        [
            Call::Connect {
                target: target.clone()
            },
            Call::Upload {
                target: target.clone(),
                transfers: vec![transfer(0), transfer(1)]
            },
            Call::Run {
                target: target.clone(),
                script: "/run".to_owned(),
                options: RunOptions {
                    log: true,
                    capture: false,
                    timeout
                },
            },
            Call::Close { target },
        ]
    );
    assert_eq!(
        host.lines(),
        [
            "[root@a]",
            "  info: uploaded 1 file (12 B), 41 unchanged",
            "  info:   /srv/webapp/.env"
        ]
    );
    assert_eq!(host.shown_progress().len(), 1);
    assert_eq!(
        (outputs.uploaded, outputs.unchanged, outputs.release),
        (1, 41, None)
    );
    assert_eq!(outputs.hosts[0].exit_code, Some(0));
}

#[test]
fn only_what_is_asked_for_is_done() {
    let check = |more: Value, expected: &[&str]| {
        let host = Mock::new(works);
        go(&host, more).unwrap();
        assert_eq!(host.summaries(), expected);
    };
    check(
        json!({ "run": "true" }),
        &["connect /target", "run /target", "close /target"],
    );
    check(
        json!({ "upload": { "from": "a", "to": "/b" } }),
        &["connect /target", "upload /target", "close /target"],
    );
    check(
        full(),
        &[
            "connect /target",
            "begin-release /target",
            "upload /target",
            "run /target",
            "commit-release /target",
            "close /target",
        ],
    );
    check(
        json!({ "target": ["root@a", "root@b:2222"], "run": "true" }),
        &[
            "connect /target/0",
            "run /target/0",
            "close /target/0",
            "connect /target/1",
            "run /target/1",
            "close /target/1",
        ],
    );
}

#[test]
fn a_release_is_told() {
    let host = Mock::new(works);
    let outputs = go(&host, full()).unwrap();
    assert_eq!(outputs.release.as_deref(), Some("20261121-1"));
    assert_eq!(outputs.hosts[0].previous.as_deref(), Some("20261120-1"));
    assert_eq!(outputs.hosts[0].pruned, ["20261101-1"]);
    let lines = host.lines().join("\n");
    assert!(
        lines.contains("info: current is 20261121-1, before 20261120-1"),
        "{lines}"
    );
    assert!(lines.contains("info: removed 20261101-1"), "{lines}");
}

#[test]
fn nothing_is_touched_when_the_inputs_make_no_sense() {
    let check = |more: Value, expected: &str| {
        let host = Mock::new(works);
        let failure = go(&host, more).unwrap_err();
        assert_eq!(
            (failure.message.as_str(), failure.kind),
            (expected, Some(ErrorKind::Invalid))
        );
        assert!(host.calls().is_empty());
    };
    check(
        json!({}),
        "there is nothing to do: set `upload`, `run` or both",
    );
    check(
        json!({ "release": "/srv" }),
        "there is nothing to do: set `upload`, `run` or both",
    );
    check(
        json!({ "target": [], "run": "x" }),
        "target: there is no host to deploy to",
    );
    check(json!({ "run": " \n" }), "run: the script is empty");
    let upload = json!({ "from": "a", "to": "/b" });
    check(
        json!({ "upload": upload, "env": { "A": "1" } }),
        "env: is for the script, and there is no `run`",
    );
    check(
        json!({ "upload": upload, "working-directory": "/srv" }),
        "working-directory: is for the script, and there is no `run`",
    );
    check(
        json!({ "upload": upload, "timeout": "1s" }),
        "timeout: is for the script, and there is no `run`",
    );
    check(
        json!({ "upload": upload, "host-env": { "a": {} } }),
        "host-env: is for the script, and there is no `run`",
    );
    check(
        json!({ "run": "x", "host-env": { "a": {}, "root@a": {}, "b": {} } }),
        "host-env: `b` is none of the targets: write a host, or `user@host` as in `target`",
    );
    check(
        json!({ "release": "/srv", "upload": { "from": "a", "to": ".", "delete": true } }),
        "delete: a new release has nothing but what is copied to it anyway",
    );
    check(
        json!({ "upload": upload, "shared": ["log"] }),
        "shared: is for releases, and there is no `release`",
    );
}

#[test]
fn whatever_fails_in_a_release_is_undone() {
    let refused = || Error::new(ErrorKind::Peer, "no space left on device");
    let check = |at: &'static str, reply: Reply, message: &str, kind: ErrorKind, undone: bool| {
        let host = but(at, reply);
        let failure = go(&host, full()).unwrap_err();
        assert_eq!(
            (failure.message.as_str(), failure.kind),
            (message, Some(kind))
        );
        let calls = host.summaries();
        assert_eq!(
            calls.iter().any(|call| call == "abort-release /target"),
            undone,
            "{calls:?}"
        );
        let connected = at != "connect";
        assert_eq!(
            calls.last().map(String::as_str) == Some("close /target"),
            connected,
            "{calls:?}"
        );
    };
    let unreachable = Error::new(ErrorKind::Unreachable, "connection refused").at_stage("tcp");
    check(
        "connect",
        unreachable.into(),
        "root@a: connection refused (at tcp)",
        ErrorKind::Unreachable,
        false,
    );
    check(
        "connect",
        Reply::from(Error::new(ErrorKind::Denied, "not granted")).at_once(),
        "root@a: not granted",
        ErrorKind::Denied,
        false,
    );
    check(
        "begin-release",
        refused().into(),
        "root@a: making the release: no space left on device",
        ErrorKind::Peer,
        false,
    );
    check(
        "upload",
        refused().into(),
        "root@a: uploading: no space left on device",
        ErrorKind::Peer,
        true,
    );
    let ended = |code, signal: Option<&str>| {
        Answer::Exit(Exit {
            code,
            signal: signal.map(str::to_owned),
        })
    };
    check(
        "run",
        ended(Some(7), None).into(),
        "`bash deploy.sh` exited with 7 on root@a",
        ErrorKind::Peer,
        true,
    );
    check(
        "run",
        ended(None, Some("TERM")).into(),
        "`bash deploy.sh` was ended by signal TERM on root@a",
        ErrorKind::Peer,
        true,
    );
    check(
        "run",
        ended(None, None).into(),
        "`bash deploy.sh` ended without an exit code on root@a",
        ErrorKind::Peer,
        true,
    );
    check(
        "run",
        Error::new(ErrorKind::Timeout, "took longer than 10m").into(),
        "`bash deploy.sh` on root@a: took longer than 10m",
        ErrorKind::Timeout,
        true,
    );
    check(
        "commit-release",
        refused().into(),
        "root@a: switching to the release: no space left on device",
        ErrorKind::Peer,
        true,
    );
}

#[test]
fn an_undo_that_fails_is_logged_and_the_first_failure_told() {
    let host = Mock::new(|call: &Call| match call {
        Call::Run { .. } => Answer::Exit(Exit {
            code: Some(1),
            signal: None,
        })
        .into(),
        Call::AbortRelease { .. } => Error::new(ErrorKind::Unreachable, "connection lost").into(),
        other => works(other),
    });
    let failure = go(&host, full()).unwrap_err();
    assert_eq!(failure.message, "`bash deploy.sh` exited with 1 on root@a");
    let lines = host.lines().join("\n");
    assert!(
        lines.contains("error: release 20261121-1 could not be removed: connection lost"),
        "{lines}"
    );
}

#[test]
fn a_cancelled_script_is_undone() {
    let slow = Reply::from(Answer::Exit(Exit {
        code: Some(0),
        signal: None,
    }))
    .after(Duration::from_secs(60));
    let host = but("run", slow).cancelled_at(Duration::from_secs(5));
    let failure = go(&host, full()).unwrap_err();
    assert_eq!(failure.kind, Some(ErrorKind::Cancelled));
    let calls = host.summaries();
    assert_eq!(
        calls[calls.len() - 2..],
        ["abort-release /target", "close /target"]
    );
}

#[test]
fn the_first_failing_host_is_the_last_and_what_came_before_is_told() {
    let host = but(
        "run /target/1",
        Answer::Exit(Exit {
            code: Some(7),
            signal: None,
        }),
    );
    let targets = json!(["root@a", "root@b", "root@c"]);
    let failure = go(&host, json!({ "target": targets, "run": "bash deploy.sh" })).unwrap_err();
    assert_eq!(
        failure.message,
        "`bash deploy.sh` exited with 7 on root@b (deployed: root@a; not reached: 1)"
    );
    assert!(
        !host
            .summaries()
            .iter()
            .any(|call| call.contains("/target/2"))
    );
    let details: Value = serde_json::from_str(&failure.details.unwrap()).unwrap();
    assert_eq!(details["failed"], "root@b");
    assert_eq!(details["deployed"][0]["target"], "root@a");
    assert_eq!(details["cause"], json!({ "exit-code": 7, "signal": null }));
}

/// A script that takes ten seconds, and fails on these targets.
fn slow(failing: &'static [&'static str]) -> Mock<'static> {
    Mock::new(move |call: &Call| match call {
        Call::Run { target, .. } => {
            let code = u32::from(failing.contains(&target.as_str())) * 7;
            Reply::from(Answer::Exit(Exit {
                code: Some(code),
                signal: None,
            }))
            .after(Duration::from_secs(10))
        }
        other => works(other),
    })
}

const FIVE: [&str; 5] = ["root@a", "root@b", "root@c", "root@d", "root@e:2222"];

#[test]
fn several_hosts_at_once_take_the_time_of_one() {
    let check = |parallel: usize, canary: usize, expected: u64| {
        let host = slow(&[]);
        let outputs = go(
            &host,
            json!({ "target": FIVE, "run": "true", "parallel": parallel, "canary": canary }),
        )
        .unwrap();
        assert_eq!(host.elapsed(), Duration::from_secs(expected));
        let order: Vec<&str> = outputs
            .hosts
            .iter()
            .map(|host| host.target.as_str())
            .collect();
        assert_eq!(order, FIVE);
    };
    check(1, 0, 50);
    check(2, 0, 30);
    check(5, 0, 10);
    check(100, 0, 10);
    check(5, 1, 20);
    check(2, 1, 30);
    check(100, 100, 10);
}

#[test]
fn at_once_the_lines_say_whose_they_are() {
    let host = Mock::new(works);
    let upload = json!({ "from": "a", "to": "/b" });
    go(
        &host,
        json!({ "target": ["root@a", "root@b:22"], "upload": upload, "parallel": 2 }),
    )
    .unwrap();
    let mut lines = host.lines();
    lines.sort();
    assert_eq!(
        lines,
        [
            "info: a:   /srv/webapp/.env",
            "info: a: uploaded 1 file (12 B), 41 unchanged",
            "info: b:   /srv/webapp/.env",
            "info: b: uploaded 1 file (12 B), 41 unchanged",
        ]
    );
    assert_eq!(host.shown_progress()[0].what, "uploading to a");
}

#[test]
fn failures_stop_what_was_not_begun() {
    let check = |more: Value, failing: &'static [&'static str], message: &str, runs: usize| {
        let host = slow(failing);
        let mut all = json!({ "target": FIVE, "run": "x" });
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let failure = go(&host, all).unwrap_err();
        assert_eq!(failure.message, format!("`x` exited with 7 on {message}"));
        let begun = host
            .summaries()
            .iter()
            .filter(|call| call.starts_with("run"))
            .count();
        assert_eq!(begun, runs, "{message}");
        let (connects, closes): (Vec<_>, Vec<_>) = host
            .summaries()
            .into_iter()
            .filter(|call| call.starts_with("connect") || call.starts_with("close"))
            .partition(|call| call.starts_with("connect"));
        assert_eq!(connects.len(), closes.len());
    };
    let rest = "deployed: root@a; not reached: 3";
    check(json!({}), &["/target/1"], &format!("root@b ({rest})"), 2);
    // What is under way when another fails goes on to its end.
    check(
        json!({ "parallel": 2 }),
        &["/target/0"],
        "root@a (deployed: root@b; not reached: 3)",
        2,
    );
    check(
        json!({ "parallel": 5 }),
        &["/target/0", "/target/4"],
        "root@a (also failed: root@e:2222; deployed: root@b, root@c, root@d; not reached: 0)",
        5,
    );
    check(
        json!({ "fail-fast": false }),
        &["/target/0", "/target/3"],
        "root@a (also failed: root@d; deployed: root@b, root@c, root@e:2222; not reached: 0)",
        5,
    );
    // A canary that fails stops everything.
    check(
        json!({ "fail-fast": false, "canary": 1, "parallel": 5 }),
        &["/target/0"],
        "root@a (deployed: none; not reached: 4)",
        1,
    );
    check(
        json!({ "canary": 2, "parallel": 2 }),
        &["/target/1"],
        "root@b (deployed: root@a; not reached: 3)",
        2,
    );
}

#[test]
fn releases_at_once_are_undone_each_for_itself() {
    let host = Mock::new(|call: &Call| match call {
        Call::Run { target, .. } if target == "/target/1" => Answer::Exit(Exit {
            code: Some(1),
            signal: None,
        })
        .into(),
        other => works(other),
    });
    let mut all = full();
    all.as_object_mut().unwrap().extend(
        json!({ "target": ["root@a", "root@b"], "parallel": 2 })
            .as_object()
            .unwrap()
            .clone(),
    );
    let failure = go(&host, all).unwrap_err();
    assert_eq!(
        failure.message,
        "`bash deploy.sh` exited with 1 on root@b (deployed: root@a; not reached: 0)"
    );
    let calls = host.summaries();
    assert!(calls.contains(&"commit-release /target/0".to_owned()));
    assert!(calls.contains(&"abort-release /target/1".to_owned()));
    assert!(!calls.contains(&"abort-release /target/0".to_owned()));
}

#[test]
fn cancelling_undoes_all_that_is_under_way() {
    let mut all = full();
    all.as_object_mut().unwrap().extend(
        json!({ "target": ["root@a", "root@b"], "parallel": 2 })
            .as_object()
            .unwrap()
            .clone(),
    );
    let host = slow(&[]).cancelled_at(Duration::from_secs(5));
    let failure = go(&host, all).unwrap_err();
    assert_eq!(failure.kind, Some(ErrorKind::Cancelled));
    let calls = host.summaries();
    for target in ["/target/0", "/target/1"] {
        assert!(
            calls.contains(&format!("abort-release {target}")),
            "{calls:?}"
        );
    }
}

#[test]
fn many_files_are_counted_rather_than_named() {
    let files = (0..25).map(|number| format!("/srv/{number}")).collect();
    let host = but(
        "upload",
        Answer::Uploaded(Uploaded {
            files,
            unchanged: 0,
            bytes: 4096,
        }),
    );
    go(&host, json!({ "upload": { "from": "a/", "to": "/srv/" } })).unwrap();
    let lines = host.lines();
    assert_eq!(lines.len(), 1 + 1 + 20 + 1);
    assert_eq!(lines[1], "  info: uploaded 25 files (4.0 KiB), 0 unchanged");
    assert_eq!(
        lines.last().map(String::as_str),
        Some("  info:   and 5 more")
    );
}

#[test]
fn the_manifest_and_the_code_agree() {
    let complete = json!({
        "target": ["root@a"], "identity": "x", "passphrase": "x", "certificate": "cert.pub", "known-hosts": "known_hosts",
        "jump": [{
            "target": "j@b", "identity": "x", "passphrase": "x", "certificate": "cert.pub", "known-hosts": "known_hosts",
            "host-key": ["SHA256:x"],
        }],
        "parallel": 2, "canary": 1, "fail-fast": false, "host-env": { "a": { "ROLE": "x" } },
        "host-key": ["SHA256:x"], "release": "/srv", "keep": 3, "shared": ["log"],
        "upload": [{
            "from": "a", "to": "b", "exclude": ["*.log"], "include": ["keep.log"], "delete": true, "max-delete": 5,
        }],
        "run": "true", "env": { "A": "1" }, "working-directory": "/srv",
        "shell": "sh", "errexit": false, "timeout": "1m",
    });
    let host = Mock::new(works);
    let outputs = go(&host, full()).unwrap();
    let minimal = json!({ "target": "root@a", "identity": "x" });
    let found = manifest::problems::<Inputs, _>(
        include_str!("../plugin.toml"),
        &minimal,
        &complete,
        &outputs,
    );
    assert!(found.is_empty(), "{found:#?}");
}
