//! A plugin that takes more than it needs: memory of the host, threads, the disk. What it takes ends somewhere, and the
//! runner lives on.

use capstep_tests::hostile;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::servers;
use serde_json::{Value, json};

use crate::runner::{call, named, wait};

const INPUTS: &str = r#"
[inputs.read]
type = "path"
access = ["read"]
[inputs.write]
type = "path"
access = ["write"]
[inputs.site]
type = "url"
match = "prefix"
methods = ["GET"]
"#;

fn run(port: u16, calls: &Value) -> (Project, Ran, Vec<Value>) {
    let with = format!(
        "          read: readable/\n          write: writable/\n          site: http://127.0.0.1:{port}/\n"
    );
    let project = hostile::project(INPUTS, &with, calls);
    project.write("readable/a.txt", "x".repeat(1 << 20));
    project.write("writable/a.txt", "hello\n");
    let ran = project.capstep(&["run", "--format", "json"]);
    let answers = hostile::answers(&ran);
    (project, ran, answers)
}

fn kinds(answers: &[Value]) -> Vec<&str> {
    answers
        .iter()
        .map(|answer| answer["error"]["kind"].as_str().unwrap_or("ok"))
        .collect()
}

/// Answers that are kept and never dropped.
#[test]
fn answers_that_pile_up() {
    let (port, _) = servers::flood(16 << 20);
    let request = json!({ "input": "/site", "method": "GET", "keep": 16 << 20 });
    let mut calls = Vec::new();
    for number in 0..20 {
        let name = format!("op{number}");
        calls.push(named(&name, "http/send", json!({ "request": request })));
        calls.push(wait(&name));
    }
    // Taking the result as an answer of a command plugin would be too long a message: what counts is how it ended.
    for number in 0..20 {
        calls.push(call("ssh/exit", json!({ "op": format!("$op{number}") })));
    }
    let (_, ran, answers) = run(port, &json!(calls));
    assert_eq!(ran.code(), 0, "{}", ran.text());
    let ended = kinds(&answers[40..]);
    // Those that are whole are no scripts; the others hold too much.
    assert_eq!(ended[..15], ["invalid"; 15], "{ended:?}");
    assert_eq!(ended[17..], ["too-large"; 3], "{ended:?}");
    // The other side: dropped in between, all are had.
    let mut calls = Vec::new();
    for _ in 0..20 {
        calls.push(named("op", "http/send", json!({ "request": request })));
        calls.push(wait("op"));
        calls.push(call("ssh/exit", json!({ "op": "$op" })));
        calls.push(call("op/drop", json!({ "self": "$op" })));
    }
    let (_, ran, answers) = run(port, &json!(calls));
    assert_eq!(ran.code(), 0, "{}", ran.text());
    assert!(!kinds(&answers).contains(&"too-large"), "{answers:?}");
}

/// Sources that nobody takes from hold no thread: other verbs on files go on.
#[test]
fn sources_that_nobody_takes_from() {
    let open = call(
        "files/open-read",
        json!({ "input": "/read", "entry": "a.txt" }),
    );
    let mut calls = vec![open; 1000];
    let write =
        json!({ "input": "/write", "entry": "b.txt", "content": "aGVsbG8=", "options": {} });
    calls.push(call("files/write", write));
    let (project, ran, answers) = run(1, &json!(calls));
    assert_eq!(ran.code(), 0, "{}", ran.text());
    assert!(
        kinds(&answers).iter().all(|kind| *kind == "ok"),
        "{answers:?}"
    );
    assert_eq!(project.read("writable/b.txt"), "hello");
}

/// A name of a quarter of a million bytes is told by its size.
#[test]
fn names_that_fill_the_journal() {
    let long = "n".repeat(250_000);
    let calls = json!([
        call("files/stat", json!({ "input": "/read", "entry": long })),
        call("files/stat", json!({ "input": long, "entry": "" })),
        call(
            "files/write",
            json!({ "input": "/write", "entry": long, "content": "aGVsbG8=", "options": {} })
        ),
    ]);
    let (project, ran, answers) = run(1, &calls);
    assert_eq!(ran.code(), 3, "{}", ran.text());
    assert!(
        kinds(&answers).iter().all(|kind| *kind != "ok"),
        "{answers:?}"
    );
    for record in project.journal() {
        let length = record.0.to_string().len();
        assert!(length < 20_000, "a record of {length} bytes");
    }
    assert!(ran.text().contains("(250000 bytes, sha256 "));
}

/// Names with line ends and escape sequences stay names: in the journal one line, in the report no line of their own.
#[test]
fn names_that_forge_lines() {
    let forged = "a\n{\"phase\":\"granted\"}\n::error::x\r\u{1b}[2J";
    let calls = json!([
        call("files/stat", json!({ "input": "/read", "entry": forged })),
        call("files/stat", json!({ "input": forged, "entry": "" })),
        call("log/line", json!({ "level": "info", "message": forged })),
        call("log/group", json!({ "title": forged })),
        call(
            "log/annotate",
            json!({ "annotation": { "level": "error", "message": forged, "file": forged } })
        ),
    ]);
    let (project, ran, _) = run(1, &calls);
    assert_eq!(ran.code(), 3, "{}", ran.text());
    // Read line by line, with the chain checked.
    assert!(
        project
            .journal()
            .iter()
            .all(|record| record.phase() != "granted")
    );
    let ran = project.capstep(&["run", "--verbose"]);
    assert!(
        !ran.stderr.contains('\u{1b}') && !ran.stderr.contains('\r'),
        "{}",
        ran.stderr
    );
    for line in ran.stderr.lines() {
        assert!(
            !line.starts_with("::") && !line.starts_with('{'),
            "{}",
            ran.stderr
        );
    }
}

/// Groups, progress and annotations count like lines: the log ends after 64 MiB, whatever it is made of.
#[test]
fn a_log_of_everything_but_lines() {
    let title = "t".repeat(900 << 10);
    let group = call("log/group", json!({ "title": title }));
    let (_, ran, _) = run(
        1,
        &json!([group, call("local/repeat", json!({ "times": 90 }))]),
    );
    assert_eq!(ran.code(), 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("the log is cut here"));
    assert!(ran.stdout.len() < 70 << 20, "{} bytes", ran.stdout.len());
}

/// Times beyond every clock.
#[test]
fn times_without_end() {
    let calls = json!([
        named("op", "time/sleep", json!({ "time": "584years" })),
        named("op", "time/sleep", json!({ "time": "18446744073s" })),
        call("op/next", json!({ "self": "$op", "timeout": "1ms" })),
        call("op/next", json!({ "self": "$op", "timeout": "-1s" })),
        call(
            "op/wait-any",
            json!({ "ops": ["$op"], "timeout": "99999999999999999999s" })
        ),
        call("op/wait-any", json!({ "ops": ["$op"], "timeout": "1ms" })),
        call("op/drop", json!({ "self": "$op" })),
        call("op/next", json!({ "self": "$op" })),
        call("op/next", json!({ "self": 4_294_967_295_u32 })),
    ]);
    let (_, ran, answers) = run(1, &calls);
    assert_eq!(ran.code(), 0, "{}", ran.text());
    let expected = ["err", "ok", "ok", "err", "err", "ok", "ok", "err", "err"];
    let found: Vec<&str> = answers
        .iter()
        .map(|answer| {
            if answer.get("error").is_some() {
                "err"
            } else {
                "ok"
            }
        })
        .collect();
    assert_eq!(found, expected, "{answers:?}");
}
