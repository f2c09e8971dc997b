//! Runs of small pipelines with the built-in plugins: what happens, and what is left.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "run/denied.rs"]
mod denied;
#[path = "run/partial.rs"]
mod partial;

use std::path::Path;
use std::sync::{Arc, Mutex};

use capstep_docker::{Endpoint, Surroundings};
use capstep_engine::resume::{Again, choose};
use capstep_engine::{Cancel, Event, Outcome, RunSettings, StepRef, TimedEvent};
use capstep_grants::plan::Variables;
use capstep_host::sandbox::CacheDirectories;
use capstep_host::{ScriptHost, Trust};
use capstep_pipeline::{Source, parse_pipeline};
use capstep_process::Program;
use capstep_registry::Registry;
use capstep_secrets::SecretValue;

struct Run {
    outcome: Outcome,
    events: Vec<TimedEvent>,
    journal: String,
}

/// Where these tests keep compiled plugins: one folder for all of them, in the target folder.
fn cache() -> CacheDirectories {
    CacheDirectories {
        system: None,
        user: Path::new(env!("CARGO_TARGET_TMPDIR")).join("capstep-engine-cache"),
    }
}

/// What is asked for beside the pipeline.
#[derive(Default)]
struct Asked<'a> {
    secrets: &'a [(&'a str, &'a str)],
    event: Option<serde_json::Value>,
    /// The steps to run; all where none is named.
    only: Vec<StepRef>,
}

async fn run(folder: &Path, text: &str, secrets: &[(&str, &str)]) -> Run {
    run_until(folder, text, secrets, |_| false).await
}

/// As `run`, about an event.
async fn run_about(folder: &Path, text: &str, event: serde_json::Value) -> Run {
    let asked = Asked {
        event: Some(event),
        ..Asked::default()
    };
    start(folder, text, asked, |_| false).await
}

/// As `run`; cancelled once an event is heard that `end` is about.
async fn run_until(
    folder: &Path,
    text: &str,
    secrets: &[(&str, &str)],
    end: impl Fn(&Event) -> bool + Send + 'static,
) -> Run {
    let asked = Asked {
        secrets,
        ..Asked::default()
    };
    start(folder, text, asked, end).await
}

async fn start(
    folder: &Path,
    text: &str,
    asked: Asked<'_>,
    end: impl Fn(&Event) -> bool + Send + 'static,
) -> Run {
    let state = tempfile::tempdir().unwrap();
    let source = Source::new("capstep.yml", text);
    let (pipeline, diagnostics) = parse_pipeline(&source);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let pipeline = pipeline.unwrap();
    let resume = (!asked.only.is_empty()).then(|| {
        let again = Again::Only(asked.only.clone());
        choose(&pipeline, &again, None).unwrap()
    });
    let secrets = asked
        .secrets
        .iter()
        .map(|(name, value)| ((*name).to_owned(), SecretValue::new(*value)))
        .collect();
    let settings = RunSettings {
        source: Arc::new(source),
        pipeline: Arc::new(pipeline),
        registry: Arc::new(Registry::new(folder)),
        cache: Some(cache()),
        variables: Variables {
            event: asked.event,
            ..Variables::default()
        },
        secrets,
        trust: Trust::Trusted,
        workspace: folder.to_owned(),
        state: state.path().to_owned(),
        engine: Endpoint::find(&Surroundings::default()),
        compiler: None,
        scripts: ScriptHost {
            program: Program::this(),
            scratch: std::env::temp_dir(),
        },
        jobs: 2,
        only: Vec::new(),
        resume,
    };
    let cancel = Cancel::default();
    let soft = cancel.soft.clone();
    let listener = move |event: &TimedEvent| {
        heard.lock().unwrap().push(event.clone());
        if end(&event.event) {
            soft.cancel();
        }
    };
    let result = capstep_engine::run(settings, listener, cancel)
        .await
        .unwrap();
    let journal = std::fs::read_to_string(result.folder.join("journal.jsonl")).unwrap();
    capstep_host::journal::verify(&journal).unwrap();
    let events = events.lock().unwrap().clone();
    Run {
        outcome: result.outcome,
        events,
        journal,
    }
}

fn said(run: &Run) -> Vec<String> {
    run.events
        .iter()
        .filter_map(|timed| match &timed.event {
            Event::Line { text, .. } => Some(text.clone()),
            Event::StepFinished {
                message: Some(message),
                ..
            } => Some(message.clone()),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_does_nothing_passes() {
    let folder = tempfile::tempdir().unwrap();
    let text = "version: 1\njobs:\n  a:\n    steps:\n      - uses: noop\n";
    let run = run(folder.path(), text, &[]).await;
    assert_eq!(run.outcome, Outcome::Passed, "{:?}", said(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_reach_the_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\
version: 1
secrets: [TOKEN]
jobs:
  a:
    steps:
      - uses: env-setup
        with:
          file: out/.env
          vars:
            PLAIN: one
            TOKEN: \"${{ secrets.TOKEN }}\"
            URL: \"x://${{ secrets.TOKEN }}@h\"
";
    let run = run(folder.path(), text, &[("TOKEN", "canary-4711 'quoted'")]).await;
    assert_eq!(run.outcome, Outcome::Passed, "{:?}", said(&run));
    let written = std::fs::read_to_string(folder.path().join("out/.env")).unwrap();
    assert!(written.contains("canary-4711"), "{written}");
    assert!(!run.journal.contains("canary-4711"));
    assert!(!format!("{:?}", run.events).contains("canary-4711"));
    assert!(
        run.journal.contains("\"secrets\":[\"TOKEN\"]"),
        "{}",
        run.journal
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_holds_back_what_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\
version: 1
jobs:
  a:
    steps:
      - uses: health-check
        with: { tcp: \"127.0.0.1:1\", every: 100ms, attempts: 1 }
      - uses: noop
      - uses: noop
        if: failure()
  b:
    needs: a
    steps: [ { uses: noop } ]
  c:
    needs: a
    if: always()
    steps: [ { uses: noop } ]
";
    let run = run(folder.path(), text, &[]).await;
    assert_eq!(run.outcome, Outcome::Failed, "{:?}", said(&run));
    assert_eq!(ran(&run), ["a.1", "a.3", "b skipped", "c.1"]);
}

/// What was run, and which jobs were not.
fn ran(run: &Run) -> Vec<String> {
    run.events
        .iter()
        .filter_map(|timed| match &timed.event {
            Event::StepStarted { at, .. } => Some(format!("{}.{}", at.job, at.step)),
            Event::JobSkipped { job, .. } => Some(format!("{job} skipped")),
            _ => None,
        })
        .collect()
}

/// A step that fails at once.
const FAILS: &str =
    "{ uses: health-check, with: { tcp: \"127.0.0.1:1\", every: 100ms, attempts: 1 } }";
/// A step that waits until it is cancelled.
const WAITS: &str =
    "{ uses: health-check, with: { tcp: \"127.0.0.1:1\", every: 100ms, attempts: 100000 } }";

#[tokio::test(flavor = "multi_thread")]
async fn failure_is_asked_of_what_failed_and_not_of_what_was_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let step = "steps: [ { uses: noop } ]";
    let text = format!(
        "\
version: 1
jobs:
  skipped: {{ if: false, {step} }}
  after-skipped: {{ needs: skipped, {step} }}
  no-failure: {{ needs: skipped, if: failure(), {step} }}
  no-success: {{ needs: skipped, if: success(), {step} }}
  not-cancelled: {{ needs: skipped, if: cancelled(), {step} }}
  anyway: {{ needs: skipped, if: always(), {step} }}
  fails: {{ steps: [ {FAILS} ] }}
  held-back: {{ needs: fails, {step} }}
  notices: {{ needs: held-back, if: failure(), {step} }}
  mended: {{ needs: fails, if: always(), {step} }}
  after-mended: {{ needs: mended, {step} }}
"
    );
    let run = run(folder.path(), &text, &[]).await;
    assert_eq!(run.outcome, Outcome::Failed, "{:?}", said(&run));
    let mut ran = ran(&run);
    ran.sort();
    assert_eq!(
        ran,
        [
            "after-mended.1",
            "after-skipped skipped",
            "anyway.1",
            "fails.1",
            "held-back skipped",
            "mended.1",
            "no-failure skipped",
            "no-success skipped",
            "not-cancelled skipped",
            "notices.1",
            "skipped skipped",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_always_runs_also_runs_after_a_cancel() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "\
version: 1
jobs:
  a:
    steps:
      - {WAITS}
      - uses: noop
      - {{ uses: noop, if: always() }}
      - {{ uses: noop, if: cancelled() }}
      - {{ uses: noop, if: failure() }}
  later: {{ needs: a, steps: [ {{ uses: noop }} ] }}
  on-failure: {{ needs: a, if: failure(), steps: [ {{ uses: noop }} ] }}
  on-cancel: {{ needs: a, if: cancelled(), steps: [ {{ uses: noop }}, {{ uses: noop, if: cancelled() }} ] }}
  last: {{ needs: on-cancel, if: always(), steps: [ {{ uses: noop }} ] }}
"
    );
    let started = |event: &Event| matches!(event, Event::StepStarted { .. });
    let run = run_until(folder.path(), &text, &[], started).await;
    assert_eq!(run.outcome, Outcome::Cancelled, "{:?}", said(&run));
    let mut ran = ran(&run);
    ran.sort();
    assert_eq!(
        ran,
        [
            "a.1",
            "a.3",
            "a.4",
            "last.1",
            "later skipped",
            "on-cancel.1",
            "on-failure skipped",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_evaluated_says_where_and_why() {
    let check = async |job: &str, expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        let run = run(
            folder.path(),
            &format!("version: 1\njobs:\n  a:\n    {job}\n"),
            &[],
        )
        .await;
        assert_eq!(run.outcome, Outcome::Failed, "{job}");
        let told: Vec<&str> = run
            .events
            .iter()
            .filter_map(|timed| match &timed.event {
                Event::StepFinished {
                    message: Some(message),
                    ..
                }
                | Event::JobFinished {
                    message: Some(message),
                    ..
                } => Some(message.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(told, [expected], "{job}");
    };
    check(
        "outputs: { x: \"${{ fromJSON(steps.s.outputs.echo) }}\" }\n    steps: [ { id: s, uses: noop, with: { echo: \"[1,\\n oh]\" } } ]",
        "capstep.yml:4:33: the output `x` can't be evaluated: this is not JSON: line 2, column 2: `oh` is not expected here",
    )
    .await;
    check(
        "steps: [ { id: s, uses: noop, with: { echo: 5 } }, { uses: noop, if: steps.s.outputs.echo } ]",
        "capstep.yml:4:74: the condition can't be evaluated: true or false is expected here, not a number; compare it, as in `… == 'x'`",
    )
    .await;
    check(
        "if: \"'x'\"\n    steps: [ { uses: noop } ]",
        "capstep.yml:4:10: its condition can't be evaluated: true or false is expected here, not text; compare it, as in `… == 'x'`",
    )
    .await;
}

fn outcomes(run: &Run) -> Vec<String> {
    run.events
        .iter()
        .filter_map(|timed| match &timed.event {
            Event::StepFinished {
                at,
                outcome,
                attempts,
                continues,
                ..
            } => Some(format!(
                "{}.{} {outcome:?} {attempts}{}",
                at.job,
                at.step,
                if *continues { " goes on" } else { "" }
            )),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_are_tried_again_and_may_fail() {
    let folder = tempfile::tempdir().unwrap();
    let fails = "uses: health-check, with: { tcp: \"127.0.0.1:1\", every: 100ms, attempts: 1 }";
    let text = format!(
        "\
version: 1
jobs:
  a:
    steps:
      - {{ id: first, {fails}, retry: {{ attempts: 3, delay: 10ms }}, continue-on-error: true }}
      - {{ uses: noop, if: steps.first.outcome != 'passed' }}
      - {{ {fails}, retry: {{ attempts: 3, delay: 10ms, on: timeout }} }}
      - {{ uses: noop }}
    finally:
      - {{ uses: noop }}
      - {{ uses: noop, if: success() }}
  b: {{ continue-on-error: true, steps: [ {FAILS} ] }}
  c: {{ needs: b, steps: [ {{ uses: noop, with: {{ echo: \"${{{{ needs.b.outcome }}}}\" }} }} ] }}
"
    );
    let run = run(folder.path(), &text, &[]).await;
    let mut found = outcomes(&run);
    found.sort();
    let kind = match run.outcome {
        Outcome::Infrastructure => "Infrastructure",
        _ => "Failed",
    };
    assert_eq!(
        found,
        [
            format!("a.1 {kind} 3 goes on"),
            "a.2 Passed 1".to_owned(),
            format!("a.3 {kind} 1"),
            "a.5 Passed 1".to_owned(),
            format!("b.1 {kind} 1"),
            "c.1 Passed 1".to_owned(),
        ],
        "{:?}",
        said(&run)
    );
    let again = run.events.iter().filter_map(|timed| match &timed.event {
        Event::StepRetrying { at, attempt, .. } => Some((at.step, *attempt)),
        _ => None,
    });
    assert_eq!(again.collect::<Vec<_>>(), [(1, 1), (1, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_at_the_end_runs_after_a_cancel_too() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "version: 1\njobs:\n  a:\n    steps: [ {WAITS}, {{ uses: noop }} ]\n    finally: [ {{ uses: noop }} ]\n"
    );
    let started = |event: &Event| matches!(event, Event::StepStarted { .. });
    let run = run_until(folder.path(), &text, &[], started).await;
    assert_eq!(run.outcome, Outcome::Cancelled, "{:?}", said(&run));
    assert_eq!(ran(&run), ["a.1", "a.3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matrix_hands_over_a_list_and_ends_at_its_first_failure() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\
version: 1
jobs:
  m:
    matrix: { n: [1, 2, 3], max-parallel: 1 }
    outputs: { n: \"${{ steps.s.outputs.echo }}\" }
    steps: [ { id: s, uses: noop, with: { echo: \"${{ matrix.n }}\" } } ]
  after:
    needs: m
    steps:
      - { uses: noop, if: \"toJSON(needs.m.outputs.n) == '[1,2,3]' && needs.m.outputs.n[1] == 2\" }
";
    let run_ = run(folder.path(), text, &[]).await;
    assert_eq!(run_.outcome, Outcome::Passed, "{:?}", said(&run_));
    assert_eq!(ran(&run_), ["m (1).1", "m (2).1", "m (3).1", "after.1"]);
    let check = async |fail_fast: bool, expected: &[&str]| {
        let text = format!(
            "version: 1\njobs:\n  m:\n    matrix: {{ n: [1, 2], max-parallel: 1, fail-fast: {fail_fast} }}\n    steps: [ {FAILS} ]\n"
        );
        let run = run(folder.path(), &text, &[]).await;
        assert_ne!(run.outcome, Outcome::Cancelled);
        assert_eq!(ran(&run), expected);
    };
    check(true, &["m (1).1", "m (2) skipped"]).await;
    check(false, &["m (1).1", "m (2).1"]).await;
}

fn job_messages(run: &Run) -> Vec<String> {
    run.events
        .iter()
        .filter_map(|timed| match &timed.event {
            Event::JobFinished {
                job,
                outcome,
                message,
                ..
            } => Some(format!(
                "{job} {outcome:?}: {}",
                message.as_deref().unwrap_or("-")
            )),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_failure_of_a_matrix_ends_the_jobs_that_run() {
    let folder = tempfile::tempdir().unwrap();
    // One fails when the other has certainly begun, and the other waits for what never comes.
    let text = "\
version: 1
jobs:
  m:
    matrix: { port: [1, 2] }
    steps:
      - { uses: health-check, if: matrix.port == 1, with: { tcp: \"127.0.0.1:1\", every: 500ms, attempts: 4 } }
      - { uses: health-check, if: matrix.port == 2, with: { tcp: \"127.0.0.1:1\", every: 1s, attempts: 600 } }
      - { uses: noop }
    finally: [ { uses: noop } ]
  after: { needs: m, steps: [ { uses: noop } ] }
  then: { needs: m, if: failure(), steps: [ { uses: noop } ] }
";
    let run = run(folder.path(), text, &[]).await;
    assert_eq!(run.outcome, Outcome::Failed, "{:?}", said(&run));
    let mut found = job_messages(&run);
    found.sort();
    assert_eq!(
        found,
        [
            "m (1) Failed: -",
            "m (2) Cancelled: another job of its matrix failed",
            "then Passed: -",
        ]
    );
    let skipped: Vec<_> = run
        .events
        .iter()
        .filter_map(|timed| match &timed.event {
            Event::StepSkipped { at, reason, .. } if at.step == 3 => {
                Some(format!("{}: {reason}", at.job))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        skipped,
        [
            "m (1): an earlier step did not pass",
            "m (2): the job was cancelled"
        ]
    );
    let ran = ran(&run);
    assert!(
        ran.contains(&"m (1).4".to_owned()) && ran.contains(&"m (2).4".to_owned()),
        "{ran:?}"
    );
}

/// Takes some seconds, and lets the job pass: long enough for a job that starts beside it to have its turn.
const AWHILE: &str = "{ uses: health-check, with: { tcp: \"127.0.0.1:1\", every: 500ms, attempts: 8 }, continue-on-error: true }";

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_job_of_a_group_ends_the_one_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "\
version: 1
jobs:
  old: {{ timeout: 60s, concurrency: g, steps: [ {WAITS} ], finally: [ {{ uses: noop }} ] }}
  first: {{ steps: [ {AWHILE} ] }}
  new: {{ needs: first, concurrency: {{ group: g, cancel-in-progress: true }}, steps: [ {{ uses: noop }} ] }}
"
    );
    let run = run(folder.path(), &text, &[]).await;
    assert_eq!(run.outcome, Outcome::Cancelled, "{:?}", said(&run));
    let mut found = job_messages(&run);
    found.sort();
    assert_eq!(
        found,
        [
            "first Passed: -",
            "new Passed: -",
            "old Cancelled: a newer job of its group cancelled it"
        ]
    );
    assert!(ran(&run).contains(&"old.2".to_owned()));
}

/// A server that answers with an error as often as this, and then well.
fn failing_at_first(times: usize) -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let status = if number < times { "500 No" } else { "200 OK" };
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_passes_where_a_later_try_does() {
    let folder = tempfile::tempdir().unwrap();
    let check = async |defaults: &str, retry: &str, expected: &str| {
        let port = failing_at_first(2);
        let text = format!(
            "version: 1\ndefaults: {{ {defaults} }}\njobs:\n  a:\n    steps:\n      - {{ uses: health-check, with: {{ url: \"http://127.0.0.1:{port}/\", attempts: 1, timeout: 10s }}{retry} }}\n"
        );
        let run = run(folder.path(), &text, &[]).await;
        assert_eq!(
            outcomes(&run),
            [expected],
            "{defaults} {retry}: {:?}",
            said(&run)
        );
    };
    check("", ", retry: { attempts: 5, delay: 10ms }", "a.1 Passed 3").await;
    check("", ", retry: { attempts: 2, delay: 10ms }", "a.1 Failed 2").await;
    check("", "", "a.1 Failed 1").await;
    // What the file says for all steps, and what the step says itself.
    let defaults = "retry: { attempts: 4, delay: 10ms, backoff: exponential }";
    check(defaults, "", "a.1 Passed 3").await;
    check(defaults, ", retry: 1", "a.1 Failed 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_the_wait_for_the_next_try() {
    let folder = tempfile::tempdir().unwrap();
    let step = FAILS.strip_suffix('}').unwrap();
    let fails = format!("{step}, retry: {{ attempts: 3, delay: 10m }} }}");
    let text = format!("version: 1\njobs: {{ a: {{ steps: [ {fails} ] }} }}\n");
    let waits = |event: &Event| matches!(event, Event::StepRetrying { .. });
    let run = run_until(folder.path(), &text, &[], waits).await;
    assert_eq!(run.outcome, Outcome::Cancelled);
    let said = said(&run);
    let last = said.last().map(String::as_str);
    assert_eq!(
        last,
        Some("cancelled while it waited for its next try"),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_try_begins_after_the_jobs_time() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "version: 1\ndefaults: {{ timeout: 1h }}\njobs:\n  a:\n    timeout: 2s\n    steps: [ {{ uses: health-check, with: {{ tcp: \"127.0.0.1:1\", every: 100ms, attempts: 1 }}, retry: {{ attempts: 100, delay: 1500ms }} }} ]\n  b:\n    defaults: {{ timeout: 300ms }}\n    steps: [ {WAITS} ]\n"
    );
    let run = run(folder.path(), &text, &[]).await;
    let mut found = outcomes(&run);
    found.sort();
    // The first try and one more fit; a step of `b` has the time that its job's defaults say.
    assert_eq!(found, ["a.1 Failed 2", "b.1 Failed 1"]);
    assert!(
        said(&run)
            .iter()
            .any(|text| text.contains("the time was up: 300 ms")),
        "{:?}",
        said(&run)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn env_is_seen_by_expressions_and_files_have_digests() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.lock"), "1").unwrap();
    let text = "\
version: 1
env: { A: pipeline, B: pipeline }
jobs:
  a:
    env: { B: \"job ${{ run.job }}\" }
    steps:
      - { uses: noop, if: env.A == 'pipeline' && env.B == 'job a' }
      - { uses: noop, if: hashFiles('*.lock') != '' && hashFiles('*.none') == '' }
      - { uses: noop, if: \"event.ref == null && fromJSON('[[5]]')[0][0] == 5\" }
";
    let run = run(folder.path(), text, &[]).await;
    assert_eq!(run.outcome, Outcome::Passed, "{:?}", said(&run));
    assert_eq!(ran(&run), ["a.1", "a.2", "a.3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_for_their_events() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\
version: 1
on: [push, tag]
jobs:
  a: { steps: [ { uses: noop } ] }
  main: { on: { push: { branches: main } }, steps: [ { uses: noop } ] }
  after: { needs: main, steps: [ { uses: noop } ] }
  release: { on: tag, steps: [ { uses: noop } ] }
";
    let check = async |event: Option<&str>, expected: &[&str]| {
        let run = match event {
            Some(reference) => {
                let event = serde_json::json!({ "ref": reference });
                run_about(folder.path(), text, event).await
            }
            None => run(folder.path(), text, &[]).await,
        };
        assert_eq!(run.outcome, Outcome::Passed, "{:?}", said(&run));
        let mut ran = ran(&run);
        ran.sort();
        assert_eq!(ran, expected, "{event:?}");
    };
    check(None, &["a.1", "after.1", "main.1", "release.1"]).await;
    let main = ["a.1", "after.1", "main.1", "release skipped"];
    check(Some("refs/heads/main"), &main).await;
    let other = ["a.1", "after skipped", "main skipped", "release skipped"];
    check(Some("refs/heads/other"), &other).await;
    let tag = ["a.1", "after skipped", "main skipped", "release.1"];
    check(Some("refs/tags/v1"), &tag).await;
    let none = [
        "a skipped",
        "after skipped",
        "main skipped",
        "release skipped",
    ];
    check(Some("refs/pull/1"), &none).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_group_take_turns_and_deployments_are_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\
version: 1
vars: {}
jobs:
  a:
    concurrency: deploy
    environment: { name: production, url: \"https://${{ steps.s.outputs.echo }}/\" }
    steps: [ { id: s, uses: noop, with: { echo: web.example } } ]
  b:
    concurrency: { group: \"${{ 'deploy' }}\" }
    environment: staging
    steps: [ { uses: noop } ]
  c:
    environment: \"${{ event.environment }}\"
    steps: [ { uses: noop } ]
";
    let run = run(folder.path(), text, &[]).await;
    assert_eq!(run.outcome, Outcome::Failed, "{:?}", said(&run));
    let mut ran = ran(&run);
    ran.sort();
    assert_eq!(ran, ["a.1", "b.1"]);
    let mut deployed: Vec<_> = run
        .events
        .iter()
        .filter_map(|timed| match &timed.event {
            Event::Deployed {
                environment, url, ..
            } => Some((environment.as_str(), url.as_deref())),
            _ => None,
        })
        .collect();
    deployed.sort_unstable();
    assert_eq!(
        deployed,
        [
            ("production", Some("https://web.example/")),
            ("staging", None)
        ]
    );
    let job = |event: &Event| match event {
        Event::JobFinished { job, message, .. } if job == "c" => message.clone(),
        _ => None,
    };
    let message = run.events.iter().find_map(|timed| job(&timed.event));
    assert_eq!(
        message.as_deref(),
        Some("capstep.yml:13:18: its environment can't be used: it has no value")
    );
}
