//! Hosts that never answer, and hosts that never stop.

use std::sync::atomic::Ordering;

use capstep_tests::project::Project;
use capstep_tests::servers;
use capstep_tests::sshd::Sshd;

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
fn an_ssh_server_that_never_answers() {
    let port = servers::silent();
    let sshd = Sshd::start();
    let project = Project::new(&format!(
        "version: 1\nsecrets: [KEY]\njobs:\n  deploy:\n    steps:\n      - uses: ssh-deploy\n        timeout: 5s\n        with:\n          \
         target: root@127.0.0.1:{port}\n          identity: \"${{{{ secrets.KEY }}}}\"\n          known-hosts: known_hosts\n          run: \"true\"\n"
    ));
    project.write("known_hosts", sshd.known_hosts_at(port));
    let key = project.dir.path().join("key");
    std::fs::write(&key, sshd.key("user")).unwrap();
    let ran = project.capstep(&["run", "--secret", &format!("KEY=file:{}", key.display())]);
    assert!([1, 4].contains(&ran.code()), "{}", ran.text());
    let code = ran.code();
    bounded(ran, code, RUNNING, LARGE);
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
