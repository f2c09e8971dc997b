//! Output, exit codes, environment, secrets and time.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use capstep_tests::leaks::ProcessWatch;
use capstep_tests::program::wait_until;

use crate::{CANARY, project, run};

#[test]
fn output_is_told_and_the_exit_code_counts() {
    let good = project("        run: |\n          echo to be seen\n          echo also this >&2\n");
    run(&good).expect(0).says("to be seen").says("also this");
    let bad = project("        run: |\n          echo before\n          exit 7\n");
    run(&bad)
        .expect(1)
        .says("before")
        .says("the script exited with 7");
    // The first command that fails ends it, and in bash one of a pipe too.
    let stopped = project("        run: |\n          false | true\n          echo not reached\n");
    run(&stopped).expect(1).never_says("not reached");
    let sh = project("        shell: sh\n        run: test -z \"$BASH_VERSION\"\n");
    run(&sh).expect(0);
}

#[test]
fn the_environment_is_what_the_file_says() {
    let mut project = project(
        "        env: { GREETING: hello, TOKEN: \"${{ secrets.CANARY }}\" }\n        working-directory: app\n        \
         run: |\n          echo \"$GREETING from $(basename \"$PWD\")\"\n          test \"${#TOKEN}\" = 25\n          \
         echo \"careless: $TOKEN\"\n          test -z \"${OUTSIDE-}\"\n",
    );
    project.write("app/.keep", "");
    project.environment = vec![("OUTSIDE".to_owned(), "not for scripts".to_owned())];
    let watch = ProcessWatch::start(&[CANARY]);
    run(&project)
        .expect(0)
        .says("hello from app")
        .says("careless: [MASKED:CANARY]")
        .never_says(CANARY);
    // The script's own process has it, as the plan says; nobody has it on a command line.
    let found = watch.stop();
    assert!(
        found.iter().all(|found| found.starts_with("environ of ")),
        "{found:?}"
    );
    project
        .capstep(&["plan"])
        .expect(0)
        .says("CANARY → environment of the script")
        .says("revealed");
}

#[test]
fn its_time_is_limited_and_nothing_outlives_it() {
    let seconds = 3_000_000 + std::process::id();
    let project = project(&format!(
        "        timeout: 1s\n        run: |\n          sleep {seconds} &\n          sleep {seconds}\n"
    ));
    let started = Instant::now();
    run(&project).expect(1).says("the time was up");
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(!runs(&seconds.to_string()), "something was left");
}

#[test]
fn a_cancelled_run_ends_it() {
    let seconds = (4_000_000 + std::process::id()).to_string();
    let project = project(&format!("        run: sleep {seconds}\n"));
    let running = project.start(&["run"]);
    wait_until("the script", || runs(&seconds));
    running.signal(Signal::SIGINT);
    running.wait().expect(130);
    assert!(!runs(&seconds), "it goes on");
}

/// Whether a process with this on its command line runs on the machine.
fn runs(argument: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0)
            .any(|part| part == argument.as_bytes())
    })
}
