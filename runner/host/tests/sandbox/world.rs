//! Steps of the world: what they give back, what they call, and how they are stopped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use capstep_host::protocol::{Call, Level, Nanoseconds};
use capstep_host::sandbox::{
    AbiKind, Failure, Invocation, Limits, OutputStream, RunOutcome, StepHost,
};
use tokio_util::sync::CancellationToken;

use crate::guests;
use crate::support::{Host, load, run, sandbox};

async fn outcome(bytes: &[u8]) -> RunOutcome {
    run(bytes, AbiKind::World, quick()).await.0.outcome
}

/// A run that must end soon.
fn quick() -> Invocation {
    let limits = Limits {
        time: Duration::from_secs(10),
        ..Limits::default()
    };
    Invocation {
        limits,
        ..Invocation::step("{}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_come_back() {
    // The inputs are the outputs: the text is where `run` got it.
    let echo = guests::step(
        r#"(func (export "run") (param $at i32) (param $length i32) (result i32)
               (i32.store8 (i32.const 0) (i32.const 0))
               (i32.store (i32.const 4) (local.get $at))
               (i32.store (i32.const 8) (local.get $length))
               (i32.const 0))"#,
    );
    let (report, _) = run(
        &echo,
        AbiKind::World,
        Invocation::step(r#"{"b":1,"a":[true,"x"]}"#),
    )
    .await;
    let RunOutcome::Finished { outputs } = report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert_eq!(
        serde_json::to_string(&outputs).unwrap(),
        r#"{"b":1,"a":[true,"x"]}"#
    );
    assert!(report.stats.peak_memory >= 2 << 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_comes_back_with_kind_and_details() {
    let bytes = guests::step(
        r#"(data (i32.const 1024) "no luckpeer{\22a\22:1}")
           (func (export "run") (param i32 i32) (result i32)
               (i32.store8 (i32.const 0) (i32.const 1))
               (i32.store (i32.const 4) (i32.const 1024)) (i32.store (i32.const 8) (i32.const 7))
               (i32.store8 (i32.const 12) (i32.const 1))
               (i32.store (i32.const 16) (i32.const 1031)) (i32.store (i32.const 20) (i32.const 4))
               (i32.store8 (i32.const 24) (i32.const 1))
               (i32.store (i32.const 28) (i32.const 1035)) (i32.store (i32.const 32) (i32.const 7))
               (i32.const 0))"#,
    );
    let expected = Failure {
        message: "no luck".into(),
        kind: Some("peer".into()),
        details: Some(serde_json::json!({ "a": 1 })),
    };
    assert_eq!(outcome(&bytes).await, RunOutcome::Failed(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_reach_the_host_and_resources_are_the_hosts_handles() {
    let bytes = guests::step(
        r#"(import "capstep:step/time@0.1.0" "now" (func $now (result i64)))
           (import "capstep:step/time@0.1.0" "sleep" (func $sleep (param i64) (result i32)))
           (import "capstep:step/log@0.1.0" "line" (func $line (param i32 i32 i32)))
           (import "capstep:step/op@0.1.0" "[method]op.next" (func $next (param i32 i32 i64 i32)))
           (import "capstep:step/op@0.1.0" "[resource-drop]op" (func $drop (param i32)))
           (data (i32.const 1024) "{}hello")
           (func (export "run") (param i32 i32) (result i32) (local $op i32)
               (if (i64.ne (call $now) (i64.const 42)) (then unreachable))
               (call $line (i32.const 2) (i32.const 1026) (i32.const 5))
               (drop (call $sleep (i64.const 5)))
               (local.set $op (call $sleep (i64.const 7000000)))
               (call $next (local.get $op) (i32.const 0) (i64.const 0) (i32.const 256))
               ;; result: ok; option: some; event: done
               (if (i32.load8_u (i32.const 256)) (then unreachable))
               (if (i32.ne (i32.load8_u (i32.const 264)) (i32.const 1)) (then unreachable))
               (if (i32.ne (i32.load8_u (i32.const 272)) (i32.const 3)) (then unreachable))
               (call $drop (local.get $op))
               (call $ok (i32.const 2)))"#,
    );
    let (report, host) = run(&bytes, AbiKind::World, quick()).await;
    assert!(
        matches!(report.outcome, RunOutcome::Finished { .. }),
        "{:?}",
        report.outcome
    );
    assert_eq!(
        host.calls(),
        [
            Call::TimeNow {},
            Call::LogLine {
                level: Level::Warn,
                message: "hello".into()
            },
            Call::TimeSleep {
                time: Nanoseconds(5)
            },
            Call::TimeSleep {
                time: Nanoseconds(7_000_000)
            },
            Call::OpNext {
                this: 2,
                timeout: None
            },
            Call::OpDrop { this: 2 },
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_can_not_make_up_a_handle() {
    let bytes = guests::step(
        r#"(import "capstep:step/op@0.1.0" "[resource-drop]op" (func $drop (param i32)))
           (func (export "run") (param i32 i32) (result i32) (call $drop (i32.const 1)) unreachable)"#,
    );
    let (report, host) = run(&bytes, AbiKind::World, quick()).await;
    assert!(
        matches!(&report.outcome, RunOutcome::Trapped { message } if message.contains("handle")),
        "{report:?}"
    );
    assert!(host.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_wrong_answers_are_errors_of_the_call() {
    // `reveal` and `digest` return result<string, error>; the error's kind is its first text.
    for (import, text, kind) in [
        (
            r#""capstep:step/secrets@0.1.0" "reveal" (func $call (param i32 i32 i32))"#,
            "",
            "denied",
        ),
        (
            r#""capstep:step/files@0.1.0" "digest" (func $call (param i32 i32 i32 i32 i32))"#,
            "(i32.const 0) (i32.const 0)",
            "internal",
        ),
    ] {
        let bytes = guests::step(&format!(
            r#"(import {import})
               (func (export "run") (param i32 i32) (result i32)
                   (call $call (i32.const 0) (i32.const 0) {text} (i32.const 256))
                   (if (i32.ne (i32.load8_u (i32.const 256)) (i32.const 1)) (then unreachable))
                   ;; A failure whose message is the error's kind.
                   (i32.store8 (i32.const 0) (i32.const 1))
                   (i32.store (i32.const 4) (i32.load (i32.const 260)))
                   (i32.store (i32.const 8) (i32.load (i32.const 264)))
                   (i32.const 0))"#
        ));
        let expected = Failure {
            message: kind.into(),
            ..Failure::default()
        };
        assert_eq!(outcome(&bytes).await, RunOutcome::Failed(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_the_host_fails_the_step_alone() {
    let sandbox = sandbox();
    let bytes = guests::step(
        r#"(import "capstep:step/tcp@0.1.0" "connect" (func $call (param i32 i32 i32 i64 i32 i32)))
           (func (export "run") (param i32 i32) (result i32)
               (call $call (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 256))
               unreachable)"#,
    );
    let plugin = load(&sandbox, &bytes, AbiKind::World).await;
    let report = sandbox.run(&plugin, quick(), Host::new()).await;
    assert_eq!(
        report.outcome,
        RunOutcome::HostFault {
            message: "a fault of the host".into()
        }
    );
    let plugin = load(&sandbox, &guests::noop(), AbiKind::World).await;
    let report = sandbox.run(&plugin, quick(), Host::new()).await;
    assert!(matches!(report.outcome, RunOutcome::Finished { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_ends_at_the_time_limit() {
    let limits = Limits {
        time: Duration::from_millis(100),
        ..Limits::default()
    };
    let start = Instant::now();
    let (report, _) = run(
        &guests::doing("(loop $l (br $l))"),
        AbiKind::World,
        Invocation { limits, ..quick() },
    )
    .await;
    assert_eq!(
        report.outcome,
        RunOutcome::TimedOut {
            limit: Duration::from_millis(100)
        }
    );
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(flavor = "current_thread")]
async fn an_endless_loop_does_not_starve_the_only_thread() {
    let sandbox = sandbox();
    let plugin = load(
        &sandbox,
        &guests::doing("(loop $l (br $l))"),
        AbiKind::World,
    )
    .await;
    let limits = Limits {
        time: Duration::from_millis(300),
        ..Limits::default()
    };
    let run = sandbox.run(&plugin, Invocation { limits, ..quick() }, Host::new());
    let others = async {
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Instant::now()
    };
    let start = Instant::now();
    let (report, others) = tokio::join!(run, others);
    assert!(matches!(report.outcome, RunOutcome::TimedOut { .. }));
    assert!(
        others - start < Duration::from_millis(290),
        "{:?}",
        others - start
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_gives_a_grace_and_then_stops() {
    let cancel = CancellationToken::new();
    let limits = Limits {
        grace: Duration::from_millis(200),
        ..Limits::default()
    };
    let invocation = Invocation {
        limits,
        cancel: cancel.clone(),
        ..quick()
    };
    let start = Instant::now();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        cancel.cancel();
    });
    let sandbox = sandbox();
    let plugin = load(
        &sandbox,
        &guests::doing("(loop $l (br $l))"),
        AbiKind::World,
    )
    .await;
    let report = sandbox.run(&plugin, invocation, Host::new()).await;
    assert_eq!(report.outcome, RunOutcome::Cancelled);
    let elapsed = start.elapsed();
    assert!(
        elapsed >= Duration::from_millis(300) && elapsed < Duration::from_secs(5),
        "{elapsed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cancelled_step_finishes_is_finished() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let (report, _) = run(
        &guests::noop(),
        AbiKind::World,
        Invocation { cancel, ..quick() },
    )
    .await;
    assert!(
        matches!(report.outcome, RunOutcome::Finished { .. }),
        "{:?}",
        report.outcome
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_never_answered_is_cut_by_the_time_limit() {
    let bytes = guests::step(
        r#"(import "capstep:step/op@0.1.0" "wait-any" (func $wait (param i32 i32 i32 i64 i32)))
           (func (export "run") (param i32 i32) (result i32)
               (call $wait (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 256))
               unreachable)"#,
    );
    let limits = Limits {
        time: Duration::from_millis(100),
        ..Limits::default()
    };
    let (report, host) = run(&bytes, AbiKind::World, Invocation { limits, ..quick() }).await;
    assert!(matches!(report.outcome, RunOutcome::TimedOut { .. }));
    assert_eq!(host.calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_grows_to_its_limit_and_no_further() {
    // Grows until it is refused, then traps, as a program does that is out of memory.
    let bytes = guests::doing(
        "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (if (i32.const 1) (then unreachable))",
    );
    let limits = Limits {
        memory: 8 << 20,
        ..Limits::default()
    };
    let (report, _) = run(&bytes, AbiKind::World, Invocation { limits, ..quick() }).await;
    assert_eq!(report.outcome, RunOutcome::OutOfMemory { limit: 8 << 20 });
    assert!(
        report.stats.peak_memory <= 8 << 20 && report.stats.peak_memory > 6 << 20,
        "{:?}",
        report.stats
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_limited() {
    let bytes = guests::step(
        r#"(table $t 1 funcref)
           (data (i32.const 1024) "{\22n\22:1}")
           (func (export "run") (param i32 i32) (result i32)
               (if (i32.ne (table.grow $t (ref.null func) (i32.const 100000)) (i32.const 1)) (then unreachable))
               (if (i32.ne (table.grow $t (ref.null func) (i32.const 1000000)) (i32.const -1)) (then unreachable))
               (call $ok (i32.const 7)))"#,
    );
    assert!(matches!(outcome(&bytes).await, RunOutcome::Finished { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_recursion_is_a_trap_that_names_the_function() {
    let bytes = guests::step(
        r#"(func $descend (param i32) (result i32) (i32.add (call $descend (local.get 0)) (i32.const 1)))
           (func (export "run") (param i32 i32) (result i32) (call $descend (i32.const 0)))"#,
    );
    let RunOutcome::Trapped { message } = outcome(&bytes).await else {
        panic!()
    };
    assert_eq!(
        message,
        "stack overflow: its calls nest too deeply (in `descend`)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn traps_are_said_in_words() {
    for (body, expected) in [
        (
            "(if (i32.const 1) (then unreachable))",
            "it stopped itself (`unreachable`): an abort or a panic (in `work`)",
        ),
        (
            "(drop (i32.load (i32.const 0x7fffffff)))",
            "it read or wrote out of bounds of its memory (in `work`)",
        ),
        (
            "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
            "wasm trap: integer divide by zero (in `work`)",
        ),
    ] {
        let RunOutcome::Trapped { message } = outcome(&guests::doing(body)).await else {
            panic!("{body}")
        };
        assert_eq!(message, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_of_the_wrong_shape_or_size_are_errors_of_the_protocol() {
    for (length, expected) in [
        (4, "the plugin's outputs are a list, not an object"),
        (
            3,
            "the plugin's outputs are no JSON: EOF while parsing a list at line 1 column 3",
        ),
        (
            2 << 20,
            "the plugin's outputs are 2097152 bytes; at most 1048576 are allowed",
        ),
    ] {
        let bytes = guests::step(&format!(
            r#"(data (i32.const 1024) "[1 ]")
               (func (export "run") (param i32 i32) (result i32)
                   (drop (memory.grow (i32.const 64))) (call $ok (i32.const {length})))"#
        ));
        assert_eq!(
            outcome(&bytes).await,
            RunOutcome::ProtocolError {
                message: expected.into()
            }
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_may_not_carry_more_than_its_fuel() {
    // 20 MB in one write of a file.
    let bytes = guests::step(
        r#"(import "capstep:step/files@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
           (func (export "run") (param i32 i32) (result i32)
               (drop (memory.grow (i32.const 400)))
               (call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                   (i32.const 65536) (i32.const 20000000) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256))
               unreachable)"#,
    );
    let (report, host) = run(&bytes, AbiKind::World, quick()).await;
    assert!(
        matches!(&report.outcome, RunOutcome::Trapped { .. }),
        "{:?}",
        report.outcome
    );
    assert!(host.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_steps_run_at_once() {
    let sandbox = sandbox();
    let plugin = load(&sandbox, &guests::noop(), AbiKind::World).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (sandbox, plugin) = (Arc::clone(&sandbox), Arc::clone(&plugin));
        tasks.spawn(async move { sandbox.run(&plugin, quick(), Host::new()).await.outcome });
    }
    while let Some(outcome) = tasks.join_next().await {
        assert!(matches!(outcome.unwrap(), RunOutcome::Finished { .. }));
    }
}

/// A host that blocks for good in what must not block.
struct Silent;

impl StepHost for Silent {
    fn call(&self, _call: Call) -> capstep_host::sandbox::CallFuture<'_> {
        Box::pin(std::future::pending())
    }

    fn http(
        &self,
        _request: capstep_host::sandbox::DoorRequest,
    ) -> capstep_host::sandbox::DoorFuture {
        Box::pin(std::future::pending())
    }

    fn output(&self, _stream: OutputStream, _bytes: &[u8]) {}

    fn attempt(&self, _what: capstep_host::sandbox::WasiAttempt) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_run_ends_its_guest() {
    let sandbox = sandbox();
    let bytes = guests::step(
        r#"(import "capstep:step/time@0.1.0" "now" (func $now (result i64)))
           (func (export "run") (param i32 i32) (result i32) (drop (call $now)) unreachable)"#,
    );
    let plugin = load(&sandbox, &bytes, AbiKind::World).await;
    let host = Arc::new(Silent);
    let run = sandbox.run(&plugin, quick(), Arc::clone(&host) as Arc<dyn StepHost>);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), run)
            .await
            .is_err()
    );
    for _ in 0..100 {
        if Arc::strong_count(&host) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the guest is still there");
}
