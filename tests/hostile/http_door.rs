//! `wasi:http`, the door for existing libraries: the same check as `http.send`, two-sided.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};

use capstep_grants::check::Rule;
use capstep_tests::hostile;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::servers;
use serde_json::{Value, json};

use crate::runner::call;

const CANARY: &str = "cnry-0123456789abcdef";

const INPUTS: &str = "[inputs.url]\ntype = \"url\"\nmethods = [\"GET\", \"POST\"]\n\
                      [inputs.token]\ntype = \"secret\"\nsink = \"http-header(url)\"\n\
                      [inputs.other]\ntype = \"url\"\n\
                      [inputs.password]\ntype = \"secret\"\nsink = \"http-header(other)\"\n";

/// A server that answers with what it was sent, and keeps it.
fn echo() -> (u16, Arc<Mutex<String>>) {
    let seen = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&seen);
    let port = servers::serve(move |mut stream| {
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        // The end of a body without a length is its last chunk.
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            request.extend_from_slice(buffer.get(..read).unwrap_or_default());
            let text = String::from_utf8_lossy(&request);
            let chunked = text.to_ascii_lowercase().contains("chunked");
            if text.ends_with("0\r\n\r\n") || (!chunked && text.contains("\r\n\r\n")) {
                break;
            }
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
            text.len()
        );
        *kept.lock().unwrap() = text;
    });
    (port, seen)
}

/// Runs one request; the answer that the plugin got.
fn request(with: &str, params: Value) -> (Project, Ran, Value) {
    let calls = json!([call("local/http", params)]);
    let project = hostile::project(INPUTS, with, &calls);
    let secret = hostile::canary(&project, CANARY);
    let ran = project
        .capstep(&["run", "--format", "json", &secret])
        .never_says(CANARY);
    let answer = hostile::answers(&ran).into_iter().next();
    let answer = answer.unwrap_or_default();
    (project, ran, answer)
}

#[test]
fn what_a_url_input_designates_can_be_asked_and_nothing_else() {
    let (port, seen) = echo();
    let granted = format!("http://127.0.0.1:{port}/api?x=1");
    let with = format!("          url: \"{granted}\"\n");
    let post =
        json!({ "method": "POST", "url": granted, "headers": { "x-one": "1" }, "body": "hello" });
    let (project, ran, answer) = request(&with, post);
    assert_eq!(ran.code(), 0, "{}", ran.text());
    assert_eq!(answer["ok"]["status"], 200, "{answer}");
    let sent = seen.lock().unwrap().clone();
    assert!(
        sent.starts_with("POST /api?x=1 HTTP/1.1\r\n")
            && sent.contains("x-one: 1")
            && sent.contains("hello"),
        "{sent}"
    );
    let records = project.journal();
    let effect = records
        .iter()
        .find(|record| record.verb() == "wasi/http" && record.phase() == "outcome");
    assert!(effect.is_some(), "a POST leaves an intent and an outcome");

    let denied = |params: Value, rule: Rule| {
        *seen.lock().unwrap() = String::new();
        let (project, ran, _) = request(&with, params.clone());
        assert_eq!(ran.code(), 3, "{params}: {}", ran.text());
        let rules: Vec<_> = project
            .journal()
            .iter()
            .filter(|record| record.phase() == "denied")
            .map(|record| (record.verb().to_owned(), record.rule().map(str::to_owned)))
            .collect();
        assert_eq!(
            rules,
            [("wasi/http".to_owned(), Some(rule.word().to_owned()))],
            "{params}"
        );
        assert_eq!(*seen.lock().unwrap(), "", "{params}: something was sent");
    };
    denied(
        json!({ "url": format!("http://127.0.0.1:{port}/api/other") }),
        Rule::OtherPath,
    );
    denied(
        json!({ "url": format!("http://localhost:{port}/api?x=1") }),
        Rule::OtherOrigin,
    );
    denied(
        json!({ "method": "DELETE", "url": granted }),
        Rule::OtherMethod,
    );
}

#[test]
fn a_step_that_was_handed_no_url_can_ask_none() {
    let (port, seen) = echo();
    let url = format!("http://127.0.0.1:{port}/");
    let (project, ran, _) = request("", json!({ "url": url }));
    assert_eq!(ran.code(), 3, "{}", ran.text());
    let journal = project.journal();
    assert!(
        journal
            .iter()
            .any(|record| record.rule() == Some(Rule::RawHttp.word())),
        "{journal:?}"
    );
    assert_eq!(*seen.lock().unwrap(), "");
}

#[test]
fn a_placeholder_gives_way_in_a_header_of_its_own_sink_alone() {
    let (port, seen) = echo();
    let url = format!("http://127.0.0.1:{port}/");
    let with = format!(
        "          url: \"{url}\"\n          token: \"${{{{ secrets.CANARY }}}}\"\n          other: \"http://127.0.0.1:{port}/other\"\n          password: \"${{{{ secrets.CANARY }}}}\"\n"
    );
    // `$$token` stands for what the plugin sees at `/token`.
    let sent = |headers: Value, body: &str| {
        let (_, ran, answer) = request(
            &with,
            json!({ "method": "POST", "url": url, "headers": headers, "body": body }),
        );
        (ran, answer, seen.lock().unwrap().clone())
    };
    for (value, expected) in [
        ("$$token", format!("x-key: {CANARY}")),
        ("Bearer $$token", format!("x-key: Bearer {CANARY}")),
        ("Token $$token", format!("x-key: Token {CANARY}")),
    ] {
        let (ran, answer, sent) = sent(json!({ "x-key": value }), "");
        assert_eq!(ran.code(), 0, "{}", ran.text());
        assert!(sent.contains(&expected), "{value}: {sent}");
        // The server echoed it; the plugin gets it masked.
        assert!(
            !answer.to_string().contains(CANARY) && answer.to_string().contains("[MASKED:CANARY]"),
            "{answer}"
        );
    }
    // In the middle of a value, in a body and in a URL it is text.
    let (ran, _, text) = sent(json!({ "x-key": "a=$$token;b" }), "token=$$token");
    assert_eq!(ran.code(), 0, "{}", ran.text());
    assert!(!text.contains(CANARY), "{text}");
    // Another input's secret has another sink.
    let (ran, _, text) = sent(json!({ "x-key": "$$password" }), "");
    assert_eq!(ran.code(), 3, "{}", ran.text());
    assert!(!text.contains(&format!("x-key: {CANARY}")), "{text}");
    assert!(
        ran.text().contains(Rule::OtherSink.word()),
        "{}",
        ran.text()
    );
}
