//! Web servers and ports that never answer, and those that never stop.

use std::sync::atomic::Ordering;

use capstep_tests::project::Project;
use capstep_tests::servers;

use crate::limits::{LARGE, RUNNING, bounded};

fn check(with: &str) -> Project {
    Project::new(&format!(
        "version: 1\njobs:\n  check:\n    steps:\n      - uses: health-check\n        with: {{ {with} }}\n"
    ))
}

#[test]
fn a_web_server_that_never_answers() {
    let port = servers::silent();
    let project = check(&format!(
        "url: \"http://127.0.0.1:{port}/\", timeout: 500ms, every: 100ms, attempts: 2"
    ));
    bounded(project.capstep(&["run"]), 1, RUNNING, LARGE).says(&format!("127.0.0.1:{port}"));
}

#[test]
fn a_web_server_that_sends_ten_gigabytes() {
    let (port, sent) = servers::flood(10_000_000_000);
    let project = check(&format!(
        "url: \"http://127.0.0.1:{port}/\", timeout: 5s, every: 100ms, attempts: 1, expect: {{ body: never }}"
    ));
    bounded(project.capstep(&["run"]), 1, RUNNING, LARGE);
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 100 << 20, "{} MiB were taken", sent >> 20);
}

#[test]
fn a_port_that_never_stops_talking() {
    let (port, sent) = servers::talking(10_000_000_000);
    let project = check(&format!(
        "tcp: \"127.0.0.1:{port}\", timeout: 2s, every: 100ms, attempts: 1, expect: {{ banner: never }}"
    ));
    bounded(project.capstep(&["run"]), 1, RUNNING, LARGE);
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 100 << 20, "{} MiB were taken", sent >> 20);
}
