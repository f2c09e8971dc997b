//! How the area goes away: at the end, when the run is interrupted, when it is stopped for a while.

use capstep_tests::program::wait_until;
use capstep_tests::project::Project;
use capstep_tests::terminal::OnTerminal;
use nix::sys::signal::Signal;

use crate::two_that_wait;

/// Nothing of the area is left, the cursor can be seen, and keys do what they did.
#[track_caller]
fn assert_gone(on: &OnTerminal) {
    let everything = on.everything();
    for mark in ["━", "─", " running", ", 1 waiting"] {
        assert!(!everything.contains(mark), "{mark}:\n{everything}");
    }
    assert!(on.shows_cursor());
    assert!(on.has_its_settings());
}

#[test]
fn at_the_end_only_the_report_is_left() {
    let script = "for n in $(seq 1 40); do echo line $n; sleep 0.05; done";
    let job = |name| format!("  {name}:\n    steps:\n      - {{ name: Count, run: {script} }}\n");
    let project = Project::new(&format!(
        "version: 1\njobs:\n{}{}",
        job("left"),
        job("right")
    ));
    let mut on = OnTerminal::run(&project, &["--jobs", "2"], (12, 80));
    on.until("both run", |screen| screen.contains("2 running"));
    assert_eq!(on.wait().code(), Some(0));
    assert_gone(&on);
    let everything = on.everything();
    for job in ["left ", "right"] {
        let mark = format!("{job} |      line ");
        let lines = everything.lines().filter_map(|row| row.strip_prefix(&mark));
        let numbers: Vec<u32> = lines.map(|number| number.parse().unwrap()).collect();
        assert_eq!(numbers, (1..=40).collect::<Vec<_>>(), "{everything}");
    }
    // The same lines, in the same order, as without a view; but for times, and for which job was faster.
    let last = everything.lines().last().unwrap();
    assert!(last.starts_with("passed in "), "{everything}");
}

#[test]
fn when_it_is_interrupted() {
    let project = two_that_wait();
    let mut on = OnTerminal::run(&project, &["--jobs", "2"], (24, 80));
    on.until("both run", |screen| screen.contains("2 running"));
    on.types("\u{3}");
    assert_eq!(on.wait().code(), Some(130));
    assert_gone(&on);
    assert!(on.everything().contains("cancelling: steps may tidy up"));
    let last = on.everything().lines().last().unwrap().to_owned();
    assert!(last.starts_with("cancelled after "), "{last}");
}

#[test]
fn when_it_is_interrupted_twice() {
    // It does not end by itself, and takes its time to tidy up.
    let step = "run: \"trap 'sleep 30' TERM INT; sleep 60 & wait\"";
    let project = Project::new(&format!(
        "version: 1\njobs:\n  one:\n    steps:\n      - {{ {step} }}\n"
    ));
    let mut on = OnTerminal::run(&project, &[], (24, 80));
    on.until("it runs", |screen| screen.contains("1 running"));
    on.types("\u{3}");
    on.until("it is told", |screen| screen.contains("cancelling: "));
    on.types("\u{3}");
    assert_eq!(on.wait().code(), Some(130));
    assert_gone(&on);
}

#[test]
fn when_it_is_stopped_and_goes_on() {
    let project = two_that_wait();
    let mut on = OnTerminal::run(&project, &["--jobs", "2"], (24, 80));
    on.until("both run", |screen| screen.contains("2 running"));
    on.types("\u{1a}");
    wait_until("it is stopped", || on.is_stopped());
    on.until("the area is gone", |screen| !screen.contains("running"));
    assert_gone(&on);
    on.signal(Signal::SIGCONT);
    let screen = on.until("it goes on", |screen| screen.contains("2 running"));
    assert_eq!(screen.matches("2 running").count(), 1, "{screen}");
    on.types("\u{3}");
    assert_eq!(on.wait().code(), Some(130));
    assert_gone(&on);
}

#[test]
fn when_it_is_killed_the_terminal_is_as_it_was() {
    let project = two_that_wait();
    let mut on = OnTerminal::run(&project, &["--jobs", "2"], (24, 80));
    on.until("both run", |screen| screen.contains("2 running"));
    on.signal(Signal::SIGKILL);
    on.wait();
    assert!(on.shows_cursor());
    assert!(on.has_its_settings());
}
