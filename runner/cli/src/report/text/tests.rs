use capstep_engine::Level;
use capstep_grants::Place;
use capstep_grants::check::{Denial, Rule};
use serde_json::{Value, json};

use super::*;
use crate::report::testing::place;

const PLAIN: Look = Look {
    colour: false,
    unicode: false,
};

fn at(job: &str, step: usize) -> StepRef {
    StepRef {
        job: job.to_owned(),
        step,
    }
}

fn started(job: &str, step: usize, name: &str) -> Event {
    Event::StepStarted {
        at: at(job, step),
        name: name.to_owned(),
        uses: "noop".to_owned(),
        place: place(),
        attempt: 1,
    }
}

fn line(job: &str, step: usize, level: Level, text: &str) -> Event {
    Event::Line {
        at: at(job, step),
        level,
        text: text.to_owned(),
    }
}

fn ended(job: &str, step: usize, outcome: Outcome, message: Option<&str>) -> Event {
    Event::StepFinished {
        at: at(job, step),
        place: place(),
        outcome,
        attempts: 1,
        continues: false,
        message: message.map(str::to_owned),
        details: Value::Null,
        outputs: json!({ "count": 3 }),
        milliseconds: 1_234,
    }
}

fn run_ended(outcome: Outcome) -> Event {
    Event::RunFinished {
        run: "r1".to_owned(),
        outcome,
        exit_code: outcome.exit_code(),
        milliseconds: 2_000,
        journal_head: "abc".to_owned(),
    }
}

fn told(mut report: TextReport, events: Vec<Event>) -> String {
    let time = "2026-11-21T10:29:09.5Z".to_owned();
    let events = events.into_iter().map(|event| TimedEvent {
        time: time.clone(),
        event,
    });
    events.map(|event| report.tell(&event)).collect()
}

#[test]
fn one_job_after_the_other() {
    let events = vec![
        Event::RunStarted {
            version: 1,
            run: "r1".into(),
            pipeline: "capstep.yml".into(),
            trusted: true,
            jobs: vec!["a".into(), "b".into()],
        },
        Event::JobStarted { job: "a".into() },
        started("a", 1, "noop"),
        ended("a", 1, Outcome::Passed, None),
        started("a", 2, "Write it"),
        Event::GroupOpened {
            at: at("a", 2),
            title: "files".into(),
        },
        line("a", 2, Level::Info, "one\ntwo"),
        line("a", 2, Level::Debug, "detail"),
        Event::GroupClosed { at: at("a", 2) },
        line("a", 2, Level::Warn, "careful"),
        Event::Annotation {
            at: at("a", 2),
            level: Level::Error,
            message: "bad".into(),
            file: Some("x.rb".into()),
            line: Some(3),
        },
        ended("a", 2, Outcome::Failed, Some("exit code 1")),
        Event::JobFinished {
            job: "a".into(),
            outcome: Outcome::Failed,
            continues: false,
            message: None,
            outputs: Value::Null,
            milliseconds: 2_000,
        },
        Event::JobSkipped {
            job: "b".into(),
            reason: "a job that it needs did not pass".into(),
        },
        run_ended(Outcome::Failed),
    ];
    let expected = "\
run r1 of capstep.yml

a
  1. noop  10:29:09
     passed in 1.2 s
  2. Write it  noop  10:29:09
     files
       one
       two
     warning: careful
     error: x.rb:3: bad
     failed after 1.2 s: exit code 1

b  skipped: a job that it needs did not pass

journal sha256:abc
failed: a/2 (Write it) at capstep.yml:6:9: exit code 1
";
    assert_eq!(told(TextReport::new(PLAIN, None, false), events), expected);
}

#[test]
fn jobs_side_by_side_name_their_lines_and_failures_come_again() {
    let events = vec![
        Event::JobStarted {
            job: "build".into(),
        },
        Event::JobStarted { job: "x".into() },
        started("build", 1, "noop"),
        line("build", 1, Level::Info, "the reason"),
        ended("build", 1, Outcome::Failed, Some("exit code 1")),
        started("x", 1, "noop"),
        ended("x", 1, Outcome::Passed, None),
        Event::JobFinished {
            job: "x".into(),
            outcome: Outcome::Passed,
            continues: false,
            message: None,
            outputs: Value::Null,
            milliseconds: 5,
        },
        run_ended(Outcome::Failed),
    ];
    let expected = "\
build | started
x     | started
build |   1. noop  10:29:09
build |      the reason
build |      failed after 1.2 s: exit code 1
x     |   1. noop  10:29:09
x     |      output count: 3
x     |      passed in 1.2 s
x     | passed in 5 ms

the last lines of build/1
     the reason

journal sha256:abc
failed: build/1 (noop) at capstep.yml:6:9: exit code 1
";
    let text = told(TextReport::new(PLAIN, Some(5), true), events);
    // Outputs are shown of the failed step too, where it has some.
    assert_eq!(
        text.replacen("build |      output count: 3\n", "", 1),
        expected
    );
}

#[test]
fn a_denial_says_what_would_grant_it() {
    let denial = Denial {
        rule: Rule::OtherOrigin,
        pointer: "/url".into(),
        message: "a request to http://evil.example/".into(),
        hint: Some("hand it over as `url`".into()),
        place: Some(Place {
            file: "capstep.yml".into(),
            line: 14,
            column: 17,
        }),
    };
    let events = vec![
        started("a", 1, "noop"),
        Event::Denied {
            at: at("a", 1),
            denial,
        },
        ended("a", 1, Outcome::Denied, Some("a request")),
        run_ended(Outcome::Denied),
    ];
    let text = told(TextReport::new(PLAIN, None, false), events);
    let expected = "
     denied (other-origin): a request to http://evil.example/
       `/url` was handed over at capstep.yml:14:17
       to allow it: hand it over as `url`
";
    assert!(text.contains(expected), "{text}");
    assert!(
        text.ends_with("denied: a/1 (noop) at capstep.yml:6:9: a request\n"),
        "{text}"
    );
}

#[test]
fn progress_is_told_in_tenths() {
    let mut report = TextReport::new(PLAIN, None, false);
    let mut text = String::new();
    for done in 0..=100 {
        let event = Event::Progress {
            at: at("a", 1),
            what: "upload".into(),
            done,
            total: Some(100),
        };
        text.push_str(&report.tell(&TimedEvent {
            time: String::new(),
            event,
        }));
    }
    assert_eq!(text.lines().count(), 10);
    assert!(
        text.starts_with("     upload: 10 %\n") && text.ends_with("     upload: 100 %\n"),
        "{text}"
    );
}

#[test]
fn runs_end_in_one_line() {
    let check = |events: Vec<Event>, outcome, expected: &str| {
        let mut events = events;
        events.push(run_ended(outcome));
        let text = told(TextReport::new(PLAIN, None, false), events);
        assert_eq!(text.lines().last(), Some(expected));
    };
    check(vec![], Outcome::Passed, "passed in 2.0 s");
    check(vec![], Outcome::Skipped, "passed in 2.0 s");
    check(vec![], Outcome::Cancelled, "cancelled after 2.0 s");
    check(vec![], Outcome::Infrastructure, "failed after 2.0 s");
    check(
        vec![
            ended("a", 1, Outcome::Failed, Some("x")),
            ended("b", 2, Outcome::Denied, Some("y")),
        ],
        Outcome::Denied,
        "denied after 2.0 s: b/2 and 1 more",
    );
}

#[test]
fn a_job_that_fails_by_itself_is_named() {
    let events = vec![
        Event::JobStarted { job: "a".into() },
        started("a", 1, "noop"),
        ended("a", 1, Outcome::Passed, None),
        Event::JobFinished {
            job: "a".into(),
            outcome: Outcome::Failed,
            continues: false,
            message: Some(
                "capstep.yml:5:20: the output `x` can't be evaluated: it is nothing".into(),
            ),
            outputs: Value::Null,
            milliseconds: 5,
        },
        run_ended(Outcome::Failed),
    ];
    let expected = "
a
  1. noop  10:29:09
     passed in 1.2 s
failed after 5 ms: capstep.yml:5:20: the output `x` can't be evaluated: it is nothing

journal sha256:abc
failed: a: capstep.yml:5:20: the output `x` can't be evaluated: it is nothing
";
    assert_eq!(told(TextReport::new(PLAIN, None, false), events), expected);
}

#[test]
fn a_plugin_begins_no_line_of_its_own() {
    let forged = "all\n::set-env name=X::y\nwell";
    let events = vec![
        Event::JobStarted { job: "a".into() },
        started("a", 1, "noop"),
        line("a", 1, Level::Info, forged),
        ended("a", 1, Outcome::Failed, Some(forged)),
        Event::JobStarted { job: "b".into() },
        started("b", 1, "noop"),
        ended("b", 1, Outcome::Passed, None),
        run_ended(Outcome::Failed),
    ];
    let text = told(TextReport::new(PLAIN, None, false), events);
    assert!(
        text.contains("failed: a/1 (noop) at capstep.yml:6:9: all …"),
        "{text}"
    );
    assert!(text.lines().all(|line| !line.starts_with("::")), "{text}");
    assert_eq!(text.matches("\n     ::set-env").count(), 2, "{text}");
}

#[test]
fn a_run_without_records_has_no_hash() {
    let mut ended = run_ended(Outcome::Passed);
    if let Event::RunFinished { journal_head, .. } = &mut ended {
        *journal_head = capstep_host::journal::GENESIS.to_owned();
    }
    let text = told(TextReport::new(PLAIN, None, false), vec![ended]);
    assert_eq!(
        text,
        "\nno effects: the journal is empty\npassed in 2.0 s\n"
    );
}
