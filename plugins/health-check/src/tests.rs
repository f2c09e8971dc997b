//! Every input, on a host that is none and in time that doesn't pass.

use std::cell::Cell;

use capstep_sdk::http::{Body, Header, Response, Value as Field};
use capstep_sdk::testing::{Answer, Call, Mock, Reply, manifest};
use capstep_sdk::{Duration, Error, ErrorKind, Failure};
use serde_json::{Value, json};

use super::*;

fn http(status: u16, body: &str) -> Response {
    let header = |name: &str, value: &str| Header {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    Response {
        status,
        headers: vec![
            header("Content-Type", "application/json"),
            header("X-Version", "1.4.2"),
        ],
        body: body.as_bytes().to_vec(),
        truncated: false,
        url: "http://app/health".to_owned(),
        peer: "203.0.113.7:80".to_owned(),
        latency: Duration::from_millis(12).as_nanos(),
    }
}

fn answers(status: u16, body: &str) -> Reply {
    Answer::Response(http(status, body)).into()
}

fn open(banner: &str) -> Reply {
    let latency = Duration::from_millis(3).as_nanos();
    Answer::Tcp(capstep_sdk::tcp::Answer {
        peer: "203.0.113.7:22".to_owned(),
        latency,
        banner: banner.as_bytes().to_vec(),
    })
    .into()
}

fn refused() -> Error {
    Error::new(ErrorKind::Unreachable, "connection refused").at_stage("tcp")
}

fn go(host: &Mock<'_>, inputs: Value) -> Result<Outputs, Failure> {
    let result = run(host, serde_json::from_value(inputs).unwrap());
    assert_eq!(host.open_groups(), 0, "a group was left open");
    result
}

/// A host that gives these answers, one after the other, and the last one for ever.
fn in_turn(replies: Vec<Reply>) -> Mock<'static> {
    let next = Cell::new(0);
    Mock::new(move |_: &Call| {
        let index = next.get();
        next.set(index + 1);
        replies.get(index).or(replies.last()).cloned().unwrap()
    })
}

#[test]
fn it_waits_until_the_status_is_healthy() {
    let starting = r#"{"status":"starting"}"#;
    let host = in_turn(vec![
        refused().into(),
        answers(503, ""),
        answers(503, ""),
        answers(200, starting),
        answers(200, r#"{"status":"healthy"}"#),
    ]);
    let inputs =
        json!({ "url": "http://app/health", "expect": { "json": { "status": "healthy" } } });
    let outputs = go(&host, inputs).unwrap();
    assert_eq!(outputs.attempts, 5);
    assert_eq!(outputs.waited, "40s");
    let expected = TargetResult {
        target: "http://app/health".to_owned(),
        healthy: true,
        attempts: 5,
        latency_ms: Some(12),
        status: Some(200),
    };
    assert_eq!(outputs.results, [expected]);
    assert_eq!(
        host.lines(),
        [
            "info: http://app/health: waiting: connection refused (at tcp), attempt 1/24",
            "info: http://app/health: waiting: http 503, attempt 2/24",
            "debug: http://app/health: waiting: http 503, attempt 3/24",
            "info: http://app/health: waiting: http 200, expected json status: \"healthy\", saw \"starting\", attempt 4/24",
            "info: http://app/health: healthy: http 200 in 12ms, attempt 5/24",
        ]
    );
    assert_eq!(host.shown_progress().len(), 5);
}

#[test]
fn targets_are_asked_at_once_and_each_until_it_is_healthy() {
    let slow = Duration::from_secs(4);
    let rounds = Cell::new(0);
    let host = Mock::new(|call: &Call| match call {
        Call::Send(request) if request.input == "/url/0" => answers(200, "").after(slow),
        Call::Send(_) => {
            rounds.set(rounds.get() + 1);
            answers(if rounds.get() < 3 { 500 } else { 200 }, "").after(slow)
        }
        Call::TcpConnect { .. } => open("").after(slow),
        other => panic!("not expected: {other:?}"),
    });
    let inputs = json!({ "url": ["http://a", "http://b"], "tcp": "db:5432", "every": "10s" });
    let outputs = go(&host, inputs).unwrap();
    let attempts: Vec<_> = outputs
        .results
        .iter()
        .map(|result| result.attempts)
        .collect();
    assert_eq!(attempts, [1, 3, 1]);
    assert_eq!(
        host.summaries(),
        [
            "send /url/0",
            "send /url/1",
            "tcp-connect /tcp",
            "send /url/1",
            "send /url/1"
        ]
    );
    // Three attempts that begin 10 s apart, the last of which takes 4 s: nobody waited for anybody else.
    assert_eq!(host.elapsed(), Duration::from_secs(24));
    assert_eq!(outputs.results[2].status, None);
}

#[test]
fn the_request_is_made_of_the_inputs() {
    let host = in_turn(vec![answers(204, "")]);
    let inputs = json!({
        "url": ["http://app"], "method": "POST", "headers": { "X-Api-Key": "capstep:secret:0" }, "token": "x",
        "body": "{}", "timeout": "2s", "redirects": 3, "ca": "ca.pem",
    });
    go(&host, inputs).unwrap();
    let Some(Call::Send(request)) = host.calls().pop() else {
        panic!("nothing was sent")
    };
    assert_eq!(
        (
            request.input.as_str(),
            request.method.as_str(),
            request.redirects
        ),
        ("/url/0", "POST", 3)
    );
    assert_eq!(request.url, None);
    assert_eq!(request.body, Body::Bytes(b"{}".to_vec()));
    assert_eq!(request.timeout, Some(Duration::from_secs(2).as_nanos()));
    let fields: Vec<_> = request
        .headers
        .into_iter()
        .map(|field| (field.name, field.value))
        .collect();
    assert_eq!(
        fields,
        [
            (
                "X-Api-Key".to_owned(),
                Field::Input("/headers/X-Api-Key".to_owned())
            ),
            (
                "Authorization".to_owned(),
                Field::Bearer("/token".to_owned())
            ),
        ]
    );
}

/// One attempt at this answer with this `expect`: healthy, or what the failure says was wrong.
fn judged(expect: Value, reply: Reply, wrong: Option<&str>) {
    let host = in_turn(vec![reply]);
    let result = go(
        &host,
        json!({ "url": "http://app", "expect": expect, "attempts": 1 }),
    );
    match (result, wrong) {
        (Ok(_), None) => {}
        (Ok(_), Some(wrong)) => panic!("healthy, in place of: {wrong}"),
        (Err(failure), wrong) => {
            let message = failure
                .message
                .strip_prefix("1 of 1 not healthy after 1 attempt in 1ms: http://app: ");
            assert_eq!(message, wrong, "{expect}: {}", failure.message);
            assert_eq!(failure.kind, None, "a finding is not the host's error");
        }
    }
}

#[test]
fn each_expectation_is_judged() {
    judged(json!({}), answers(204, ""), None);
    judged(
        json!({}),
        answers(302, ""),
        Some("expected status 2xx, saw 302"),
    );
    judged(
        json!({ "status": "200" }),
        answers(204, ""),
        Some("expected status 200, saw 204"),
    );
    judged(
        json!({ "status": ["200", "300-399", 418] }),
        answers(418, ""),
        None,
    );
    judged(
        json!({ "status": [200, "3xx"] }),
        answers(404, ""),
        Some("expected status 200 or 3xx, saw 404"),
    );
    judged(
        json!({ "header": { "x-version": "1.4.2" } }),
        answers(200, ""),
        None,
    );
    judged(
        json!({ "header": { "x-version": "1.5" } }),
        answers(200, ""),
        Some("expected header x-version: `1.5`, saw `1.4.2`"),
    );
    judged(
        json!({ "header": { "X-Other": "1" } }),
        answers(200, ""),
        Some("expected header X-Other: `1`, saw none"),
    );
    judged(json!({ "body": "rea.y" }), answers(200, "ready"), None);
    judged(
        json!({ "body": "^ok$" }),
        answers(200, "no"),
        Some("expected a body that matches `^ok$`, saw no match"),
    );
    judged(
        json!({ "not-body": "(?i)error" }),
        answers(200, "fine"),
        None,
    );
    judged(
        json!({ "not-body": "(?i)error" }),
        answers(200, "an ERROR"),
        Some("expected a body without `(?i)error`, saw `ERROR`"),
    );
    let checks = r#"{"checks":[{"up":true}],"n":1}"#;
    judged(
        json!({ "json": { "/checks/0/up": true, "checks.0.up": true, "n": 1.0 } }),
        answers(200, checks),
        None,
    );
    judged(
        json!({ "json": { "n": 2, "m": null } }),
        answers(200, checks),
        Some("expected json n: 2, saw 1; expected json m: null, saw nothing"),
    );
    judged(
        json!({ "json": { "n": 1 } }),
        answers(200, "<p>"),
        Some("expected a JSON body, saw something else"),
    );
    judged(
        json!({ "json": { "n": 1 } }),
        answers(502, "<p>"),
        Some("expected status 2xx, saw 502; expected a JSON body, saw something else"),
    );
    let cut = Response {
        truncated: true,
        ..http(200, "{\"n\": 1")
    };
    judged(
        json!({ "json": { "n": 1 } }),
        Answer::Response(cut).into(),
        Some("expected a JSON body, saw something else in what was kept of it"),
    );
    judged(
        json!({}),
        refused().into(),
        Some("connection refused (at tcp)"),
    );
}

#[test]
fn a_banner_is_judged() {
    let check = |banner: &str, wrong: Option<&str>| {
        let host = in_turn(vec![open(banner)]);
        let inputs = json!({ "tcp": "a:22", "expect": { "banner": "^SSH-2\\.0-" }, "attempts": 1 });
        let message = go(&host, inputs).err().map(|failure| failure.message);
        let start = "1 of 1 not healthy after 1 attempt in 1ms: a:22: ";
        assert_eq!(
            message,
            wrong.map(|wrong| format!(
                "{start}expected a banner that matches `^SSH-2\\.0-`, saw {wrong}"
            ))
        );
        let Some(Call::TcpConnect { options, .. }) = host.calls().pop() else {
            panic!("no connection")
        };
        assert!(options.banner);
        assert_eq!(options.timeout, Some(Duration::from_secs(5).as_nanos()));
    };
    check("SSH-2.0-OpenSSH_9.6\r\n", None);
    check("220 mail\r\n", Some("`220 mail`"));
    check("", Some("silence"));
}

#[test]
fn the_last_answer_is_shown() {
    let host = Mock::new(|call: &Call| match call {
        Call::Send(request) if request.input == "/url/0" => answers(503, &"é".repeat(1500)),
        Call::Send(request) if request.input == "/url/1" => refused().into(),
        Call::Send(_) => answers(200, ""),
        _ => open("220 mail"),
    });
    let inputs = json!({
        "url": ["http://a", "http://b", "http://c"], "tcp": "d:22", "expect": { "banner": "SSH" }, "attempts": 2,
        "every": "1s",
    });
    let failure = go(&host, inputs).unwrap_err();
    assert_eq!(
        failure.message,
        "3 of 4 not healthy after 2 attempts in 1s: http://a: expected status 2xx, saw 503; \
         http://b: connection refused (at tcp); d:22: expected a banner that matches `SSH`, saw `220 mail`"
    );
    let lines = host.lines();
    let shown = lines
        .iter()
        .position(|line| line == "[last answer of http://a]")
        .unwrap();
    assert_eq!(
        lines[shown + 1],
        "  info: HTTP 503 from http://app/health in 12ms"
    );
    assert_eq!(lines[shown + 2], "  info: content-type: application/json");
    assert_eq!(lines[shown + 3].matches('é').count(), 1024, "2 KiB of it");
    assert_eq!(
        lines[shown + 4..],
        [
            "  info: (cut here)",
            "[last answer of http://b]",
            "  info: no answer: unreachable at tcp: connection refused",
            "[last answer of d:22]",
            "  info: open at 203.0.113.7:22 in 3ms",
            "  info: 220 mail",
        ]
    );
    let details: Value = serde_json::from_str(&failure.details.unwrap()).unwrap();
    assert_eq!(details["results"][0]["status"], 503);
    assert_eq!(details["results"][1]["latency-ms"], Value::Null);
    assert_eq!(details["results"][2]["healthy"], true);
}

#[test]
fn a_healthy_target_is_not_asked_again_unless_several_answers_are_needed() {
    let host = in_turn(vec![answers(200, ""), answers(500, ""), answers(200, "")]);
    let outputs = go(
        &host,
        json!({ "url": "http://a", "successes": 2, "every": "1s" }),
    )
    .unwrap();
    assert_eq!(
        outputs.attempts, 4,
        "the failure in between began the count anew"
    );
    assert_eq!(
        host.lines(),
        [
            "info: http://a: healthy, 1 of 2 in a row: http 200 in 12ms, attempt 1/24",
            "info: http://a: waiting: http 500, attempt 2/24",
            "info: http://a: healthy, 1 of 2 in a row: http 200 in 12ms, attempt 3/24",
            "info: http://a: healthy: http 200 in 12ms, attempt 4/24",
        ]
    );
    let host = in_turn(vec![answers(500, ""), answers(200, "")]);
    let failure = go(
        &host,
        json!({ "url": "http://a", "successes": 2, "attempts": 2, "every": "1s" }),
    )
    .unwrap_err();
    assert!(
        failure
            .message
            .ends_with("http://a: healthy only 1 of 2 times in a row"),
        "{}",
        failure.message
    );
}

#[test]
fn attempts_in_the_start_period_do_not_count() {
    let host = in_turn(vec![refused().into()]);
    let inputs = json!({ "url": "http://a", "start-period": "25s", "attempts": 2 });
    let failure = go(&host, inputs).unwrap_err();
    // At 0, 10 and 20 s within it, at 30 and 40 s after it.
    assert!(
        failure
            .message
            .starts_with("1 of 1 not healthy after 5 attempts in 40s"),
        "{}",
        failure.message
    );
    assert_eq!(
        host.lines()[0],
        "info: http://a: waiting: connection refused (at tcp), starting"
    );
    assert_eq!(host.shown_progress().len(), 2);
    let host = in_turn(vec![answers(200, "")]);
    let outputs = go(&host, json!({ "url": "http://a", "start-period": "25s" })).unwrap();
    assert_eq!((outputs.attempts, outputs.waited.as_str()), (1, "0s"));
}

#[test]
fn what_another_try_cannot_change_ends_it() {
    for kind in [
        ErrorKind::Denied,
        ErrorKind::Invalid,
        ErrorKind::Unsupported,
        ErrorKind::Cancelled,
    ] {
        for at_once in [true, false] {
            let reply = Reply::from(Error::new(kind, "no"));
            let host = in_turn(vec![if at_once { reply.at_once() } else { reply }]);
            let failure = go(&host, json!({ "url": "http://a" })).unwrap_err();
            assert_eq!(
                (failure.message.as_str(), failure.kind),
                ("http://a: no", Some(kind))
            );
            assert_eq!(host.calls().len(), 1);
        }
    }
}

#[test]
fn a_cancelled_step_stops_waiting() {
    let check = |at: Duration| {
        let host =
            Mock::new(|_: &Call| answers(503, "").after(Duration::from_secs(2))).cancelled_at(at);
        let failure = go(&host, json!({ "url": "http://a" })).unwrap_err();
        assert_eq!(failure.kind, Some(ErrorKind::Cancelled));
        assert_eq!(host.elapsed(), at);
    };
    check(Duration::from_secs(1));
    check(Duration::from_secs(5));
}

#[test]
fn figures_in_a_message_are_no_news() {
    let tries = Cell::new(0);
    let host = Mock::new(|_: &Call| {
        tries.set(tries.get() + 1);
        Reply::from(Error::new(
            ErrorKind::Timeout,
            format!("no answer from port {}", 40_000 + tries.get()),
        ))
    });
    let inputs = json!({ "url": "http://a", "every": "5s", "attempts": 24 });
    go(&host, inputs).unwrap_err();
    // At once, and after a minute; for a close look each time.
    let said = |level: &str| {
        let lines = host.lines();
        let all = lines.iter().map(|line| line.trim_start());
        all.filter(|line| line.starts_with(level) && line.contains("waiting"))
            .count()
    };
    assert_eq!((said("info: "), said("debug: ")), (2, 22));
}

#[test]
fn a_redirect_says_where_to() {
    let mut response = http(301, "");
    response.headers.push(Header {
        name: "Location".to_owned(),
        value: "https://app/".to_owned(),
    });
    let host = in_turn(vec![Answer::Response(response).into()]);
    go(&host, json!({ "url": "http://a", "attempts": 1 })).unwrap_err();
    assert_eq!(
        host.lines()[0],
        "info: http://a: waiting: http 301 to https://app/, attempt 1/1"
    );
}

#[test]
fn nothing_is_asked_when_the_inputs_make_no_sense() {
    let check = |inputs: Value, expected: &str| {
        let host = in_turn(vec![answers(200, "")]);
        let failure = go(&host, inputs).unwrap_err();
        assert_eq!(
            (failure.message.as_str(), failure.kind),
            (expected, Some(ErrorKind::Invalid))
        );
        assert!(host.calls().is_empty());
    };
    let with = |name: &str, value: Value| json!({ "url": "http://a", name: value });
    let tcp = |name: &str, value: Value| json!({ "tcp": "a:1", name: value });
    check(
        json!({}),
        "there is nothing to check: set `url`, `tcp` or both",
    );
    check(
        tcp("headers", json!({ "A": "1" })),
        "headers: is for `url`, and there is none",
    );
    check(
        tcp("token", json!("x")),
        "token: is for `url`, and there is none",
    );
    check(
        tcp("body", json!("x")),
        "body: is for `url`, and there is none",
    );
    check(tcp("ca", json!("x")), "ca: is for `url`, and there is none");
    check(
        tcp("expect", json!({ "status": 200 })),
        "expect.status: is for `url`, and there is none",
    );
    check(
        tcp("expect", json!({ "header": { "A": "1" } })),
        "expect.header: is for `url`, and there is none",
    );
    check(
        tcp("expect", json!({ "body": "x" })),
        "expect: is for `url`, and there is none",
    );
    check(
        with("expect", json!({ "banner": "x" })),
        "expect.banner: is for `tcp`, and there is none",
    );
    check(
        with("body", json!("x")),
        "body: GET has none; set `method: POST`",
    );
    check(
        json!({ "url": "http://a", "method": "HEAD", "expect": { "json": { "a": 1 } } }),
        "expect: an answer to HEAD has no body",
    );
    check(
        json!({ "url": "http://a", "token": "x", "headers": { "authorization": "y" } }),
        "token: `headers` has an Authorization already",
    );
    check(
        with("attempts", json!(0)),
        "attempts: at least one is needed",
    );
    check(
        with("successes", json!(0)),
        "successes: at least one is needed",
    );
    check(
        with("successes", json!(25)),
        "successes: 25 can't come of 24 attempts",
    );
    check(with("every", json!("99ms")), "every: at least 100ms");
    check(
        with("timeout", json!("0s")),
        "timeout: no answer comes in no time",
    );
    check(
        with("expect", json!({ "status": "ok" })),
        "expect.status: \"ok\" is not of the form 200, \"200-299\" or \"2xx\"",
    );
    for name in ["body", "not-body"] {
        let failure = go(&in_turn(vec![]), with("expect", json!({ name: "[" }))).unwrap_err();
        assert!(
            failure
                .message
                .starts_with(&format!("expect.{name}: `[`: ")),
            "{}",
            failure.message
        );
    }
}

#[test]
fn the_manifest_and_the_code_agree() {
    let complete = json!({
        "url": ["http://a"], "tcp": ["a:1"], "method": "POST", "headers": { "A": "1" }, "token": "x", "body": "x",
        "ca": "ca.pem",
        "expect": {
            "status": ["200"], "json": { "a": 1 }, "body": "x", "not-body": "y", "header": { "A": "1" }, "banner": "z",
        },
        "every": "1s", "attempts": 1, "timeout": "1s", "start-period": "1s", "successes": 1, "redirects": 1,
    });
    let host = in_turn(vec![answers(200, "")]);
    let outputs = go(&host, json!({ "url": "http://a" })).unwrap();
    let found = manifest::problems::<Inputs, _>(
        include_str!("../plugin.toml"),
        &json!({}),
        &complete,
        &outputs,
    );
    assert!(found.is_empty(), "{found:#?}");
}
