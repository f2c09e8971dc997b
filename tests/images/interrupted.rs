//! Ctrl-C in each stage: the run ends soon, nothing of it goes on in the engine or on the server, and what ran before
//! goes on.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use capstep_tests::builds::{Builds, Kind};
use capstep_tests::images::Containers;
use capstep_tests::program::{Running, wait_until};
use capstep_tests::proxy::Proxy;
use nix::sys::signal::Signal;

/// The grace in which steps may tidy up is 10 s; a busy machine gets some more.
const SOON: Duration = Duration::from_secs(25);

/// How much has to have been sent of something large before it counts as being on its way.
const UNDER_WAY: u64 = 2_000_000;

#[track_caller]
fn interrupt(running: Running) {
    running.signal(Signal::SIGINT);
    let asked = Instant::now();
    let ran = running.wait().expect(130);
    assert!(
        asked.elapsed() < SOON,
        "{:?}\n{}",
        asked.elapsed(),
        ran.text()
    );
}

/// Whether a process with this on its command line runs on the machine: what a build's `RUN` starts is one.
fn runs(argument: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0)
            .any(|part| part == argument.as_bytes())
    })
}

/// A number of seconds that no other process has on its command line.
fn seconds(number: u32) -> String {
    (number * 1_000_000 + std::process::id()).to_string()
}

#[test]
fn in_each_stage() {
    let mut containers = Containers::deployed();
    for (name, stage) in [
        (
            "sending the context",
            sending_the_context as fn(&Containers),
        ),
        ("an instruction", an_instruction),
        ("pushing", pushing),
        ("uploading", uploading),
        ("the script", the_script),
    ] {
        eprintln!("{name}");
        containers.mend();
        containers.write_version("2");
        stage(&containers);
        containers.assert_tidy();
        containers.assert_serves("1");
    }
    // What was deployed before its health was asked for stays.
    containers.mend();
    containers.write_state("2", "starting");
    let running = containers.start();
    wait_until("the deployment", || {
        containers.version().as_deref() == Some("2")
    });
    let health = containers.project.path("app/www/health");
    assert!(health.exists());
    let asked = || checks(&containers) > 0;
    wait_until("the health check", asked);
    interrupt(running);
    containers.assert_tidy();
    containers.assert_serves("2");
}

/// How often the run that goes on has asked for the service's health.
fn checks(containers: &Containers) -> usize {
    let journal = containers.project.journals().pop().unwrap();
    let text = std::fs::read_to_string(journal).unwrap_or_default();
    text.matches("\"verb\":\"http/send\"").count()
}

fn sending_the_context(containers: &Containers) {
    // Most of it is a hole; the engine gets the zeros all the same.
    File::create(containers.project.path("app/large"))
        .unwrap()
        .set_len(8 << 30)
        .unwrap();
    containers.write_dockerfile("COPY large /");
    let data = containers.engine.data();
    let before = size_of(&data);
    let running = containers.start();
    wait_until("the transfer", || size_of(&data) > before + UNDER_WAY);
    interrupt(running);
    std::fs::remove_file(containers.project.path("app/large")).unwrap();
}

/// The bytes of a folder whose files come and go.
fn size_of(folder: &Path) -> u64 {
    let output = std::process::Command::new("du")
        .arg("-sb")
        .arg(folder)
        .stderr(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

fn an_instruction(containers: &Containers) {
    let seconds = seconds(1);
    containers.write_dockerfile(&format!("RUN sleep {seconds}"));
    let running = containers.start();
    wait_until("the build", || runs(&seconds));
    interrupt(running);
    wait_until("the end of the build in the engine", || !runs(&seconds));
}

fn pushing(containers: &Containers) {
    containers.write_dockerfile("RUN dd if=/dev/urandom of=/srv/large bs=1M count=8");
    let proxy = Proxy::stalling(containers.registry.port, UNDER_WAY);
    containers.write_pipeline(&format!("127.0.0.1:{}", proxy.port));
    let running = containers.start();
    wait_until("the push", || {
        proxy.passed.load(Ordering::SeqCst) >= UNDER_WAY
    });
    interrupt(running);
}

fn uploading(containers: &Containers) {
    containers
        .project
        .write("server/large.bin", vec![7; 4_000_000]);
    let proxy = Proxy::stalling(containers.sshd.port, UNDER_WAY);
    containers.write_pipeline_for(&containers.registry.host(), proxy.port);
    let running = containers.start();
    wait_until("the upload", || {
        proxy.passed.load(Ordering::SeqCst) >= UNDER_WAY
    });
    interrupt(running);
    std::fs::remove_file(containers.project.path("server/large.bin")).unwrap();
}

fn the_script(containers: &Containers) {
    let seconds = seconds(2);
    containers
        .project
        .write("server/deploy.sh", format!("exec sleep {seconds}\n"));
    let running = containers.start();
    wait_until("the script", || runs(&seconds));
    interrupt(running);
    wait_until("the end of the script", || !runs(&seconds));
}

/// The classic builder makes an image of each instruction: those of a build that was cancelled go, too.
#[test]
fn an_instruction_of_the_classic_builder() {
    let seconds = seconds(3);
    let mut builds = Builds::new(
        Kind::Classic,
        "version: 1\njobs: { a: { steps: [{ uses: docker-build, with: { context: app, tags: cancelled } }] } }\n",
    );
    builds.project.write(
        "app/Dockerfile",
        format!("FROM base\nCOPY Dockerfile /made-{seconds}\nRUN sleep {seconds}\n"),
    );
    let running = builds.start(&[]);
    wait_until("the build", || runs(&seconds));
    let made = || {
        let images = builds.engine.images();
        let mark = format!("made-{seconds}");
        images
            .iter()
            .any(|id| builds.engine.history(id).contains(&mark))
    };
    assert!(made(), "the classic builder makes images on its way");
    interrupt(running);
    // Nothing goes on by itself now: what is left would stay.
    assert!(!made(), "images of the build that was cancelled");
    builds.assert_tidy();
    wait_until("the end of the build in the engine", || !runs(&seconds));
}
