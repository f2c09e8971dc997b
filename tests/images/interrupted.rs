//! Ctrl-C in each stage: the run ends soon, and nothing of it goes on in the engine.

use std::time::{Duration, Instant};

use capstep_tests::images::Containers;
use capstep_tests::program::{Running, wait_until};
use nix::sys::signal::Signal;

/// The grace in which steps may tidy up is 10 s; a busy machine gets some more.
const SOON: Duration = Duration::from_secs(25);

#[track_caller]
fn interrupt(containers: &Containers, running: Running) {
    running.signal(Signal::SIGINT);
    let asked = Instant::now();
    let ran = running.wait().expect(130);
    assert!(
        asked.elapsed() < SOON,
        "{:?}\n{}",
        asked.elapsed(),
        ran.text()
    );
    containers.assert_tidy();
    assert_eq!(containers.version(), None);
}

/// Whether a process with this on its command line runs on the machine: what a build's `RUN` starts is one.
fn runs(argument: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0)
            .any(|part| part == argument.as_bytes())
    })
}

#[test]
fn while_an_instruction_runs() {
    let containers = Containers::fresh();
    // A number that no other process has on its command line.
    let seconds = format!("{}", 1_000_000 + std::process::id());
    containers.write_dockerfile(&format!("RUN sleep {seconds}"));
    let running = containers.start();
    wait_until("the build", || runs(&seconds));
    interrupt(&containers, running);
    wait_until("the end of the build in the engine", || !runs(&seconds));
    assert_eq!(containers.pushed(), None);
}

#[test]
fn while_pushing() {
    let containers = Containers::fresh();
    // A registry that takes connections and never answers.
    let port = capstep_tests::servers::silent();
    containers.write_pipeline(&format!("127.0.0.1:{port}"));
    let running = containers.start();
    std::thread::sleep(Duration::from_secs(2));
    interrupt(&containers, running);
}

#[test]
fn while_the_script_runs() {
    let containers = Containers::fresh();
    let seconds = format!("{}", 2_000_000 + std::process::id());
    containers
        .project
        .write("server/deploy.sh", format!("exec sleep {seconds}\n"));
    let running = containers.start();
    wait_until("the script", || runs(&seconds));
    interrupt(&containers, running);
    wait_until("the end of the script", || !runs(&seconds));
    assert!(!containers.sshd.path("webapp/current").exists());
}
