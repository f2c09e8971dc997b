//! A denial counts, whatever else ends the job that it happened in.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use capstep_engine::{Event, Outcome};

use super::{Asked, WAITS, outcomes, run_until, said, start};

/// Is denied at each try, and goes on until it is cancelled.
const DENIED: &str = "uses: health-check, with: { url: \"http://169.254.169.254/\", every: 100ms, attempts: 100000 }";

/// A server that takes a connection and answers with an error, once the flag is set.
fn fails_when(told: &Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = Arc::clone(told);
    std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let _ = stream.read(&mut [0; 4096]);
        while !told.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(answer.as_bytes());
    });
    port
}

/// Two jobs of a matrix: the first has these steps, the second fails once something was denied in the first, which ends
/// that one too.
async fn beside_one_that_fails(steps: &str) -> super::Run {
    let folder = tempfile::tempdir().unwrap();
    let told = Arc::new(AtomicBool::new(false));
    let port = fails_when(&told);
    let text = format!(
        "\
version: 1
jobs:
  m:
    matrix: {{ n: [1, 2] }}
    steps:
{steps}
      - {{ if: matrix.n == 2, uses: health-check, with: {{ url: \"http://127.0.0.1:{port}/\", attempts: 1, timeout: 2m }} }}
"
    );
    let heard = move |event: &Event| {
        if matches!(event, Event::Denied { .. }) {
            told.store(true, Ordering::Relaxed);
        }
        false
    };
    start(folder.path(), &text, Asked::default(), heard).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_denied_and_then_cancelled_was_denied() {
    let steps = format!("      - {{ if: matrix.n == 1, {DENIED} }}");
    let run = beside_one_that_fails(&steps).await;
    assert_eq!(run.outcome, Outcome::Denied, "{:?}", said(&run));
    let found = outcomes(&run);
    assert!(found.contains(&"m (1).1 Denied 1".to_owned()), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_denied_and_is_cancelled_in_a_later_step_was_denied() {
    let denied = DENIED.replace("attempts: 100000", "attempts: 1");
    let waits = WAITS.replacen('{', "{ if: matrix.n == 1 && always(),", 1);
    let steps = format!("      - {{ if: matrix.n == 1, {denied} }}\n      - {waits}");
    let run = beside_one_that_fails(&steps).await;
    assert_eq!(run.outcome, Outcome::Denied, "{:?}", said(&run));
    let found = outcomes(&run);
    assert!(found.contains(&"m (1).1 Denied 1".to_owned()), "{found:?}");
    let ended = run.events.iter().find_map(|timed| match &timed.event {
        Event::JobFinished { job, outcome, .. } if job == "m (1)" => Some(*outcome),
        _ => None,
    });
    assert_eq!(ended, Some(Outcome::Denied));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_lets_a_denial_pass_and_an_interrupt_outweighs_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "version: 1\njobs:\n  a:\n    continue-on-error: true\n    steps: [ {{ {DENIED}, retry: 3, continue-on-error: true }} ]\n"
    );
    let denied = |event: &Event| matches!(event, Event::Denied { .. });
    let run = run_until(folder.path(), &text, &[], denied).await;
    assert_eq!(run.outcome, Outcome::Cancelled, "{:?}", said(&run));
    assert_eq!(outcomes(&run), ["a.1 Denied 1"]);
}
