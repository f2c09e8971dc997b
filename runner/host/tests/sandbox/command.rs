//! The command protocol.

use std::time::{Duration, Instant};

use capstep_host::protocol::{Call, Nanoseconds};
use capstep_host::sandbox::{AbiKind, Failure, Invocation, Limits, RunOutcome};
use serde_json::{Value, json};

use crate::guests;
use crate::support::{Host, run};

async fn talk(lines: &[&str]) -> (RunOutcome, std::sync::Arc<Host>) {
    let limits = Limits {
        time: Duration::from_secs(20),
        ..Limits::default()
    };
    let invocation = Invocation {
        limits,
        ..Invocation::step(r#"{"who":"world"}"#)
    };
    let (report, host) = run(&guests::talking(lines), AbiKind::Command, invocation).await;
    (report.outcome, host)
}

/// What the guest read on standard input, which it copies to standard error.
fn received(host: &Host) -> Vec<Value> {
    host.stderr()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation() {
    let (outcome, host) = talk(&[
        r#"{"jsonrpc":"2.0","id":1,"method":"time/now","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":"two","method":"secrets/reveal","params":{"input":"/token"}}"#,
        r#"{"jsonrpc":"2.0","id":0,"result":{"answer":42}}"#,
    ])
    .await;
    let RunOutcome::Finished { outputs } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(Value::Object(outputs), json!({ "answer": 42 }));
    assert_eq!(
        received(&host),
        [
            json!({ "jsonrpc": "2.0", "id": 0, "method": "run", "params": { "protocol": 1, "inputs": { "who": "world" } } }),
            json!({ "jsonrpc": "2.0", "id": 1, "result": 42 }),
            json!({ "jsonrpc": "2.0", "id": "two", "error": {
                "code": -32000,
                "message": "the input is not marked `reveal: true`",
                "data": { "kind": "denied", "message": "the input is not marked `reveal: true`" },
            } }),
        ]
    );
    assert_eq!(
        host.calls(),
        [
            Call::TimeNow {},
            Call::SecretsReveal {
                input: "/token".into()
            }
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_calls_are_answered_in_the_order_in_which_they_end() {
    // One write with four calls: two sleeps, then waiting for the longer and for the shorter one.
    let lines = [
        r#"{"jsonrpc":"2.0","id":1,"method":"time/sleep","params":{"time":"300ms"}}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"time/sleep","params":{"time":"1ms"}}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"op/next","params":{"self":1}}"#,
        r#"{"jsonrpc":"2.0","id":4,"method":"op/next","params":{"self":2,"timeout":"5s"}}"#,
    ];
    let all = lines.join("\n");
    // Reads what is there after each line: the request, the handles, then the two ends.
    let (outcome, host) =
        talk(&[&all, "", "", "", r#"{"jsonrpc":"2.0","id":0,"result":{}}"#]).await;
    assert!(
        matches!(outcome, RunOutcome::Finished { .. }),
        "{outcome:?}"
    );
    let ids: Vec<u64> = received(&host)
        .iter()
        .skip(1)
        .map(|answer| answer["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, [1, 2, 4, 3]);
    assert_eq!(
        host.calls().get(3),
        Some(&Call::OpNext {
            this: 2,
            timeout: Some(Nanoseconds(5_000_000_000))
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_calls_are_answered_with_what_is_wrong() {
    let (outcome, host) = talk(&[
        r#"{"jsonrpc":"2.0","id":1,"method":"tcp/conect","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"files/stat","params":{"input":"/dir"}}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"files/stat","params":{"input":"/dir","entry":"","follow":true}}"#,
        r#"{"jsonrpc":"2.0","method":"time/now"}"#,
        r#"{"jsonrpc":"2.0","id":0,"error":{"code":1,"message":"I give up","data":{"kind":"invalid","details":[1]}}}"#,
    ])
    .await;
    let expected = Failure {
        message: "I give up".into(),
        kind: Some("invalid".into()),
        details: Some(json!([1])),
    };
    assert_eq!(outcome, RunOutcome::Failed(expected));
    let errors: Vec<(i64, String)> = received(&host)
        .iter()
        .skip(1)
        .map(|answer| {
            (
                answer["error"]["code"].as_i64().unwrap(),
                answer["error"]["message"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(
        errors,
        [
            (-32601, "there is no method `tcp/conect`; did you mean `tcp/connect`? (there are: tcp/connect, tcp/answer)".to_owned()),
            (-32602, "`files/stat`: missing field `entry`".to_owned()),
            (-32602, "`files/stat`: unknown field `follow`, expected `input` or `entry`".to_owned()),
            (-32600, "a call needs an `id`, a number or a string; there are no notifications".to_owned()),
        ]
    );
    assert!(host.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_goes_to_the_log() {
    let noise = format!(
        "starting up\n42\n{}",
        r#"{"jsonrpc":"2.0","id":0,"result":{}}"#
    );
    let (outcome, host) = talk(&[&noise]).await;
    assert!(
        matches!(outcome, RunOutcome::Finished { .. }),
        "{outcome:?}"
    );
    let lines: Vec<String> = host
        .calls()
        .into_iter()
        .map(|call| match call {
            Call::LogLine { message, .. } => message,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        lines,
        [
            "on standard output, but no message: starting up",
            "on standard output, but no message: 42"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_two_mebibytes_breaks_the_protocol() {
    let bytes = guests::command(
        "",
        "(memory.fill (i32.const 131072) (i32.const 120) (i32.const 2097152)) (call $print (i32.const 131072) (i32.const 2097152))",
    );
    let (report, _) = run(&bytes, AbiKind::Command, Invocation::step("{}")).await;
    let expected = "a line on standard output is longer than 1048576 bytes";
    assert_eq!(
        report.outcome,
        RunOutcome::ProtocolError {
            message: expected.into()
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_without_an_answer_breaks_the_protocol() {
    for (body, expected) in [
        (
            "",
            "the plugin ended with the exit code 0 and did not answer `run`",
        ),
        (
            "(call $proc_exit (i32.const 3))",
            "the plugin ended with the exit code 3 and did not answer `run`",
        ),
    ] {
        let (report, _) = run(
            &guests::command("", body),
            AbiKind::Command,
            Invocation::step("{}"),
        )
        .await;
        assert_eq!(
            report.outcome,
            RunOutcome::ProtocolError {
                message: expected.into()
            }
        );
    }
    let (report, _) = run(
        &guests::command("", "unreachable"),
        AbiKind::Command,
        Invocation::step("{}"),
    )
    .await;
    assert!(
        matches!(report.outcome, RunOutcome::Trapped { .. }),
        "{:?}",
        report.outcome
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_ended_by_a_line_end_counts() {
    let answer = r#"{"jsonrpc":"2.0","id":0,"result":{}}"#;
    let escaped: String = answer.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let bytes = guests::command(
        &format!("(data (i32.const 1024) \"{escaped}\")"),
        &format!(
            "(call $print (i32.const 1024) (i32.const {}))",
            answer.len()
        ),
    );
    let (report, _) = run(&bytes, AbiKind::Command, Invocation::step("{}")).await;
    assert!(
        matches!(report.outcome, RunOutcome::Finished { .. }),
        "{:?}",
        report.outcome
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixty_fifth_outstanding_call_is_refused() {
    let mut calls: Vec<String> =
        vec![r#"{"jsonrpc":"2.0","id":1,"method":"time/sleep","params":{"time":"1h"}}"#.into()];
    calls.extend((2..=66).map(|id| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"op/next","params":{{"self":1}}}}"#)
    }));
    let (outcome, host) = talk(&[
        &calls.join("\n"),
        "",
        r#"{"jsonrpc":"2.0","id":0,"result":{}}"#,
    ])
    .await;
    assert!(
        matches!(outcome, RunOutcome::Finished { .. }),
        "{outcome:?}"
    );
    let refused = received(&host).pop().unwrap();
    assert_eq!(
        (&refused["id"], &refused["error"]["data"]["kind"]),
        (&json!(66), &json!("too-large"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_larger_than_a_message_is_an_error() {
    let (_, host) = talk(&[
        r#"{"jsonrpc":"2.0","id":1,"method":"files/read","params":{"input":"/a","entry":"","offset":0,"length":1048576}}"#,
        r#"{"jsonrpc":"2.0","id":0,"result":{}}"#,
    ])
    .await;
    assert_eq!(received(&host)[1]["error"]["data"]["kind"], "too-large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_reads_for_ever_is_stopped() {
    let limits = Limits {
        time: Duration::from_millis(200),
        ..Limits::default()
    };
    let start = Instant::now();
    let (report, _) = run(
        &guests::command("", "(loop $l (call $echo) (br $l))"),
        AbiKind::Command,
        Invocation {
            limits,
            ..Invocation::step("{}")
        },
    )
    .await;
    assert!(matches!(report.outcome, RunOutcome::TimedOut { .. }));
    assert!(start.elapsed() < Duration::from_secs(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_sees_no_environment_and_its_own_name_alone() {
    let bytes = guests::rust(
        "look",
        r##"fn main() {
            let args: Vec<String> = std::env::args().collect();
            let environment = std::env::vars().count();
            let files = std::fs::read_dir("/").is_ok();
            println!(r#"{{"jsonrpc":"2.0","id":0,"result":{{"args":{args:?},"environment":{environment},"files":{files}}}}}"#);
        }"##,
        "wasm32-wasip1",
    );
    let (report, _) = run(&bytes, AbiKind::Command, Invocation::step("{}")).await;
    let RunOutcome::Finished { outputs } = report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert_eq!(
        Value::Object(outputs),
        json!({ "args": ["plugin"], "environment": 0, "files": false })
    );
}
