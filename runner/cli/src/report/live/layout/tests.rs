use capstep_engine::{Event, StepRef};

use super::*;
use crate::report::testing::place;

const LOOK: Look = Look {
    colour: false,
    unicode: true,
};

fn at(job: &str) -> StepRef {
    StepRef {
        job: job.to_owned(),
        step: 1,
    }
}

fn run_of(jobs: &[&str]) -> Board {
    let now = Instant::now();
    let mut board = Board::new(now);
    board.counts.all = jobs.len() + 2;
    board.counts.passed = 1;
    for job in jobs {
        let job = (*job).to_owned();
        board.tell(&Event::JobStarted { job }, now);
    }
    board
}

fn start(board: &mut Board, job: &str, name: &str) {
    let event = Event::StepStarted {
        at: at(job),
        name: name.to_owned(),
        uses: "noop".to_owned(),
        place: place(),
        attempt: 1,
    };
    board.tell(&event, board.began);
}

fn progress(board: &mut Board, job: &str, what: &str, done: u64, total: Option<u64>) {
    let event = Event::Progress {
        at: at(job),
        what: what.to_owned(),
        done,
        total,
    };
    board.tell(&event, board.began);
}

#[track_caller]
fn check(board: &Board, seconds: u64, rows: usize, columns: usize, expected: &[&str]) {
    let now = board.began + Duration::from_secs(seconds);
    let size = Size { rows, columns };
    let found = lines(board, now, size, LOOK);
    assert_eq!(found, expected, "{size:?}");
    assert!(found.iter().all(|line| width(line) < columns.max(1)));
    assert!(found.len() < rows.max(1));
}

#[test]
fn each_job_has_a_line() {
    let mut board = run_of(&["build", "deploy", "test", "audit"]);
    start(&mut board, "build", "docker-build");
    progress(&mut board, "build", "Pushing 1f3e", 1 << 20, Some(3 << 20));
    start(&mut board, "deploy", "Upload the site");
    progress(&mut board, "deploy", "attempt", 3, Some(24));
    let waiting = Event::JobWaiting {
        job: "test".to_owned(),
        group: "db".to_owned(),
    };
    board.tell(&waiting, board.began);
    start(&mut board, "audit", "noop");
    let retrying = Event::StepRetrying {
        at: at("audit"),
        attempt: 1,
        kind: "failed".to_owned(),
        message: None,
        wait_milliseconds: 66_500,
    };
    board.tell(&retrying, board.began);
    check(
        &board,
        63,
        24,
        110,
        &[
            "1 min  3 s  build   1. docker-build     ━━━━━━──────────────  33 %  Pushing 1f3e  1.0 MiB of 3.0 MiB",
            "1 min  3 s  deploy  1. Upload the site  ━━──────────────────  12 %  attempt  3 of 24",
            "1 min  3 s  test                        waits for its turn in the group `db`",
            "1 min  3 s  audit   1. noop             failed; once more in 4 s",
            "1 min  3 s  1 passed, 4 running, 1 waiting",
        ],
    );
    check(
        &board,
        5,
        24,
        40,
        &[
            "5 s  build   1. docker-build     ━━━──…",
            "5 s  deploy  1. Upload the site  ━────…",
            "5 s  test                        waits…",
            "5 s  audit   1. noop             faile…",
            "5 s  1 passed, 4 running, 1 waiting",
        ],
    );
    let now = board.began + SETTLED / 2;
    let size = Size {
        rows: 24,
        columns: 80,
    };
    assert_eq!(lines(&board, now, size, LOOK), Vec::<String>::new());
}

#[test]
fn a_third_of_the_height_is_enough() {
    let board = run_of(&["a", "b", "c", "d", "e"]);
    check(
        &board,
        1,
        9,
        80,
        &[
            "1 s  a",
            "1 s  b",
            "1 s  c",
            "     and 2 more jobs",
            "1 s  1 passed, 5 running, 1 waiting",
        ],
    );
    // The line is better spent on the job itself.
    check(
        &board,
        1,
        12,
        80,
        &[
            "1 s  a",
            "1 s  b",
            "1 s  c",
            "1 s  d",
            "1 s  e",
            "1 s  1 passed, 5 running, 1 waiting",
        ],
    );
}

#[test]
fn tiny_terminals_show_what_fits() {
    let mut board = run_of(&["日本語", "b"]);
    start(&mut board, "日本語", "❤\u{fe0f} 日本語");
    let totals = "2 s  1 pa…";
    check(&board, 2, 0, 80, &[]);
    check(&board, 2, 1, 80, &[]);
    check(&board, 2, 2, 11, &[totals]);
    check(&board, 2, 3, 11, &["     and …", totals]);
    check(&board, 2, 4, 11, &["2 s  日本…", "2 s  b", totals]);
    check(&board, 2, 4, 10, &["2 s  日…", "2 s  b", "2 s  1 p…"]);
    check(&board, 2, 4, 2, &["…", "…", "…"]);
    check(&board, 2, 4, 1, &["", "", ""]);
    check(&board, 2, 4, 0, &["", "", ""]);
}

#[test]
fn times_are_whole_seconds() {
    let check = |milliseconds, expected| {
        let duration = Duration::from_millis(milliseconds);
        assert_eq!(elapsed(duration), expected);
    };
    check(999, "0 s");
    check(59_999, "59 s");
    check(60_000, "1 min  0 s");
    check(3_599_000, "59 min 59 s");
    check(3_600_000, "1 h  0 min");
    check(90_000_000, "25 h  0 min");
}
