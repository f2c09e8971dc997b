use super::*;
use crate::report::testing::place;

fn at(job: &str, step: usize) -> StepRef {
    StepRef {
        job: job.to_owned(),
        step,
    }
}

fn finished(job: &str, outcome: Outcome, continues: bool) -> Event {
    Event::JobFinished {
        job: job.to_owned(),
        outcome,
        continues,
        message: None,
        outputs: serde_json::Value::Null,
        milliseconds: 1,
    }
}

fn board(jobs: &[&str]) -> Board {
    let now = Instant::now();
    let mut board = Board::new(now);
    let event = Event::RunStarted {
        version: 1,
        run: "r".to_owned(),
        pipeline: "p".to_owned(),
        trusted: true,
        jobs: jobs.iter().map(|job| (*job).to_owned()).collect(),
    };
    board.tell(&event, now);
    board
}

#[test]
fn jobs_are_counted() {
    let mut board = board(&["a", "b", "c", "d", "e", "f"]);
    let now = board.began;
    for job in ["a", "b", "c", "d"] {
        let job = job.to_owned();
        board.tell(&Event::JobStarted { job }, now);
    }
    assert_eq!((board.running.len(), board.waiting()), (4, 2));
    board.tell(&finished("a", Outcome::Passed, false), now);
    board.tell(&finished("b", Outcome::Denied, false), now);
    board.tell(&finished("c", Outcome::Failed, true), now);
    let job = "e".to_owned();
    let reason = "its condition is false".to_owned();
    board.tell(&Event::JobSkipped { job, reason }, now);
    let expected = Counts {
        all: 6,
        passed: 2,
        failed: 1,
        skipped: 1,
        cancelled: 0,
    };
    assert_eq!(board.counts, expected);
    assert_eq!((board.running.len(), board.waiting()), (1, 1));
}

#[test]
fn a_step_is_followed_and_its_texts_are_not_obeyed() {
    let mut board = board(&["a"]);
    let now = board.began;
    let job = "a".to_owned();
    board.tell(&Event::JobStarted { job }, now);
    let (job, group) = ("a".to_owned(), "g".to_owned());
    board.tell(&Event::JobWaiting { job, group }, now);
    assert_eq!(board.running[0].waits_for.as_deref(), Some("g"));
    let started = Event::StepStarted {
        at: at("a", 2),
        name: "up\u{1b}[2J\nload\u{1b}[31m".to_owned(),
        uses: "noop".to_owned(),
        place: place(),
        attempt: 1,
    };
    board.tell(&started, now);
    assert_eq!(board.running[0].waits_for, None);
    let progress = |step, done| Event::Progress {
        at: at("a", step),
        what: "x".to_owned(),
        done,
        total: Some(10),
    };
    board.tell(&progress(2, 4), now);
    board.tell(&progress(1, 9), now);
    let step = board.running[0].step.as_ref().unwrap();
    assert_eq!(step.name, "up\\u{1b}[2J load");
    assert_eq!(step.progress.shown().unwrap().done, 4);
    let retrying = Event::StepRetrying {
        at: at("a", 2),
        attempt: 1,
        kind: "timeout".to_owned(),
        message: None,
        wait_milliseconds: 5_000,
    };
    board.tell(&retrying, now);
    let step = board.running[0].step.as_ref().unwrap();
    assert_eq!(step.progress.shown(), None);
    assert_eq!(step.again, Some(now + Duration::from_secs(5)));
}
