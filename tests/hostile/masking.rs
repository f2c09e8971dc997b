//! A plugin that tries to get at a secret piece by piece: where it can choose what is cut, it cuts a secret in two.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstep_tests::hostile;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use capstep_tests::servers;
use serde_json::{Value, json};

use crate::place::CANARY;
use crate::runner::{call, named, wait};

/// What the plugin is handed besides the test's own.
const INPUTS: &str = r#"
[inputs.read]
type = "path"
access = ["read"]
[inputs.write]
type = "path"
access = ["write"]
[inputs.site]
type = "url"
methods = ["GET", "PUT"]
[inputs.token]
type = "secret"
sink = "http-header(site)"
"#;

/// Runs the calls; gives the folder, the run, and the plugin's answers.
fn run(prepare: impl Fn(&Project), port: u16, calls: &Value) -> (Project, Ran, Vec<Value>) {
    let with = format!(
        "          read: readable/\n          write: writable/\n          site: http://127.0.0.1:{port}/\n          \
         token: \"${{{{ secrets.CANARY }}}}\"\n"
    );
    let project = hostile::project(INPUTS, &with, calls);
    project.write("writable/a.txt", "hello\n");
    prepare(&project);
    let secret = hostile::canary(&project, CANARY);
    let ran = project.capstep(&["run", "--format", "json", &secret]);
    let answers = hostile::answers(&ran);
    (project, ran, answers)
}

fn read(offset: usize, length: usize) -> Value {
    call(
        "files/read",
        json!({ "input": "/read", "entry": "a.txt", "offset": offset, "length": length }),
    )
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn ranges_of_a_file() {
    let text = format!("before {CANARY} between {CANARY} after\n");
    let expected = text.replace(CANARY, "[MASKED:CANARY]");
    for (size, backwards) in [(1, false), (1, true), (7, false), (7, true), (1000, false)] {
        let mut offsets: Vec<usize> = (0..expected.len()).step_by(size).collect();
        if backwards {
            offsets.reverse();
        }
        let calls: Vec<Value> = offsets.iter().map(|offset| read(*offset, size)).collect();
        let prepare = |project: &Project| project.write("readable/a.txt", &text);
        let (_, ran, answers) = run(prepare, 1, &json!(calls));
        assert_eq!(ran.code(), 0, "{}", ran.text());
        let mut pieces: Vec<Vec<u8>> = answers.iter().map(|answer| bytes(&answer["ok"])).collect();
        if backwards {
            pieces.reverse();
        }
        let whole = String::from_utf8(pieces.concat()).unwrap();
        assert_eq!(whole, expected, "{size} bytes at a time");
    }
}

/// An echoing server, and an answer that is cut where the plugin says.
#[test]
fn the_beginning_of_an_answer() {
    let (port, _) = servers::answering("200 OK", "you sent cnry-9b0d7e6c1f5a4e3f8a2b, I think");
    let mut calls = Vec::new();
    for keep in [0, 12, 9 + CANARY.len() - 1, 100] {
        let request = json!({ "input": "/site", "method": "GET", "keep": keep });
        calls.push(named("op", "http/send", json!({ "request": request })));
        calls.push(wait("op"));
        calls.push(call("http/response", json!({ "op": "$op" })));
    }
    let (_, ran, answers) = run(|_| {}, port, &json!(calls));
    assert_eq!(ran.code(), 0, "{}", ran.text());
    let found: Vec<(String, bool)> = answers
        .iter()
        .filter_map(|answer| answer["ok"].get("body").map(|body| (answer, body)))
        .map(|(answer, body)| {
            let truncated = answer["ok"]["truncated"].as_bool().unwrap();
            (String::from_utf8(bytes(body)).unwrap(), truncated)
        })
        .collect();
    let whole = "you sent [MASKED:CANARY], I think";
    let expected = [0, 12, 9 + CANARY.len() - 1, 100].map(|keep| {
        let cut = keep.min(whole.len());
        (whole[..cut].to_owned(), cut < whole.len())
    });
    assert_eq!(found, expected);
}

fn open(verb: &str, input: &str, entry: &str) -> Value {
    let verb = format!("files/open-{verb}");
    named(
        if input == "/read" { "from" } else { "to" },
        &verb,
        json!({ "input": input, "entry": entry }),
    )
}

fn pipe() -> Value {
    named(
        "pipe",
        "op/pipe",
        json!({ "source": "$from", "sink": "$to" }),
    )
}

/// What is piped is what could have been read: a file, to another file.
#[test]
fn a_file_that_is_piped() {
    // The secret lies across the border of two chunks.
    let text = format!("{}{CANARY} end", "x".repeat(64 * 1024 - 5));
    let calls = json!([
        open("read", "/read", "a.txt"),
        open("write", "/write", "b.txt"),
        pipe(),
        wait("pipe"),
    ]);
    let prepare = |project: &Project| project.write("readable/a.txt", &text);
    let (project, ran, _) = run(prepare, 1, &calls);
    assert_eq!(ran.code(), 0, "{}", ran.text());
    let expected = text.replace(CANARY, "[MASKED:CANARY]");
    assert!(project.read("writable/b.txt") == expected, "piped as it is");
    assert!(ran.text().contains("were masked"), "{}", ran.text());
}

/// An echo, in two parts, to a file.
#[test]
fn an_answer_that_is_piped() {
    let port = servers::serve(|mut stream| {
        servers::read_head(&mut stream);
        let (head, tail) = CANARY.split_at(9);
        let length = CANARY.len();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{head}"
        );
        let _ = stream.flush();
        std::thread::sleep(std::time::Duration::from_millis(100));
        let _ = write!(stream, "{tail}");
    });
    let request = json!({ "input": "/site", "method": "GET", "stream": true });
    let calls = json!([
        named("from", "http/send", json!({ "request": request })),
        wait("from"),
        open("write", "/write", "b.txt"),
        pipe(),
        wait("pipe"),
    ]);
    let (project, ran, _) = run(|_| {}, port, &calls);
    assert_eq!(ran.code(), 0, "{}", ran.text());
    assert_eq!(project.read("writable/b.txt"), "[MASKED:CANARY]");
}

/// A source that is ended early leaves the file as it was, and nothing beside it.
#[test]
fn a_pipe_that_is_cut() {
    let calls = |end: Value| {
        let request = json!({ "input": "/site", "method": "GET", "stream": true });
        json!([
            named("from", "http/send", json!({ "request": request })),
            wait("from"),
            open("write", "/write", "a.txt"),
            pipe(),
            end,
            wait("to"),
        ])
    };
    // It says half of what it announced, and then nothing more.
    let port = servers::serve(|mut stream| {
        servers::read_head(&mut stream);
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
        let _ = stream.flush();
        std::thread::sleep(std::time::Duration::from_secs(20));
    });
    for method in ["op/cancel", "op/drop"] {
        let (project, ran, answers) = run(
            |_| {},
            port,
            &calls(call(method, json!({ "self": "$pipe" }))),
        );
        assert_eq!(project.read("writable/a.txt"), "hello\n", "{}", ran.text());
        let beside: Vec<_> = std::fs::read_dir(project.path("writable"))
            .unwrap()
            .collect();
        assert_eq!(beside.len(), 1, "{beside:?}");
        assert!(
            answers.iter().all(|answer| answer.get("error").is_none()),
            "{answers:?}"
        );
        let errors: Vec<String> = project
            .journal()
            .iter()
            .map(|record| record.0["error"]["message"].to_string())
            .collect();
        assert!(
            errors
                .iter()
                .any(|error| error.contains("before their end")),
            "{errors:?}"
        );
    }
    // The other side: where it says all, the file is replaced.
    let (port, _) = servers::answering("200 OK", "all of it");
    let (project, ran, _) = run(|_| {}, port, &calls(wait("pipe")));
    assert_eq!(ran.code(), 0, "{}", ran.text());
    assert_eq!(project.read("writable/a.txt"), "all of it");
}
