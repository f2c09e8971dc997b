//! A run for the tests of reports: one that failed in several ways, with names and lines that attack whoever shows them.

use std::path::Path;

use capstep_engine::{Event, Level, Outcome, StepRef, TimedEvent};
use capstep_grants::Place;
use capstep_grants::check::{Denial, Rule};
use capstep_grants::plan::{Plan, Variables, plan};
use capstep_pipeline::{Source, parse_pipeline};
use capstep_registry::Registry;
use serde_json::{Value, json};

use super::recording::Recording;
use super::usage::Usage;

/// What ends text, attributes, elements, comments and CDATA, what terminals obey, and what XML can't say.
pub(super) const HOSTILE: &str = "</pre></style><script>alert(1)</script><img src=x onerror='a'>\" ]]> --> &amp; \u{1b}[31mred\u{1b}[0m\u{0}\u{8}\u{ffff}\u{202e}";

const PIPELINE: &str = r#"version: 1
secrets: [TOKEN]
jobs:
  build:
    steps:
      - name: "</h4><script>alert(1)</script>"
        uses: env-setup
        with: { file: .env, vars: { A: one, T: "${{ secrets.TOKEN }}" } }
      - uses: health-check
        with: { url: ["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"] }
      - uses: noop
  deploy:
    needs: build
    steps:
      - uses: noop
      - uses: noop
"#;

pub(super) fn sample_plan() -> Plan {
    let source = Source::new("capstep.yml", PIPELINE);
    let (pipeline, _) = parse_pipeline(&source);
    let registry = Registry::new(Path::new("."));
    plan(
        &source,
        &pipeline.unwrap(),
        &registry,
        &Variables::default(),
    )
    .0
}

pub(super) fn at(job: &str, step: usize) -> StepRef {
    StepRef {
        job: job.to_owned(),
        step,
    }
}

/// Where all of its steps are written.
pub(super) fn place() -> Place {
    Place {
        file: "capstep.yml".into(),
        line: 6,
        column: 9,
    }
}

fn started(step: usize, name: &str) -> Event {
    Event::StepStarted {
        at: at("build", step),
        name: name.to_owned(),
        uses: name.to_owned(),
        place: place(),
        attempt: 1,
    }
}

fn line(step: usize, level: Level, text: &str) -> Event {
    Event::Line {
        at: at("build", step),
        level,
        text: text.to_owned(),
    }
}

fn finished(step: usize, outcome: Outcome, message: Option<&str>, details: Value) -> Event {
    Event::StepFinished {
        at: at("build", step),
        place: place(),
        outcome,
        attempts: 1,
        continues: false,
        message: message.map(str::to_owned),
        details,
        outputs: json!({ "file": HOSTILE, "entries": 2 }),
        milliseconds: 250,
    }
}

fn job_finished(outcome: Outcome, message: Option<&str>) -> Event {
    Event::JobFinished {
        job: "build".into(),
        outcome,
        continues: false,
        message: message.map(str::to_owned),
        outputs: json!({ "<b>": "<i>" }),
        milliseconds: 700,
    }
}

fn run_started(pipeline: &str, jobs: &[&str]) -> Event {
    Event::RunStarted {
        version: 1,
        run: "r1".into(),
        pipeline: pipeline.into(),
        trusted: true,
        jobs: jobs.iter().map(|job| (*job).to_owned()).collect(),
    }
}

fn events() -> Vec<Event> {
    let name = "</h4><script>alert(1)</script>";
    vec![
        run_started("capstep.yml", &["build", "deploy"]),
        Event::JobStarted {
            job: "build".into(),
        },
        started(1, name),
        line(1, Level::Debug, "looks closely"),
        line(1, Level::Info, HOSTILE),
        finished(1, Outcome::Passed, None, Value::Null),
        started(2, "health-check"),
        Event::GroupOpened {
            at: at("build", 2),
            title: HOSTILE.into(),
        },
        line(2, Level::Error, "first\nsecond"),
        Event::GroupClosed { at: at("build", 2) },
        Event::Denied {
            at: at("build", 2),
            denial: Denial {
                rule: Rule::OtherOrigin,
                pointer: "/url/0".into(),
                message: HOSTILE.into(),
                hint: Some("add `http://<b>/` to `url`".into()),
                place: Some(Place {
                    file: "capstep.yml".into(),
                    line: 10,
                    column: 23,
                }),
            },
        },
        finished(
            2,
            Outcome::Denied,
            Some(HOSTILE),
            json!({ "kind": "denied", "help": HOSTILE }),
        ),
        Event::StepSkipped {
            at: at("build", 3),
            name: "noop".into(),
            reason: "an earlier step did not pass".into(),
        },
        job_finished(Outcome::Denied, Some("the output `x` has no value")),
        Event::JobSkipped {
            job: "deploy".into(),
            reason: "a job that it needs did not pass".into(),
        },
        Event::RunFinished {
            run: "r1".into(),
            outcome: Outcome::Denied,
            exit_code: 3,
            milliseconds: 1_500,
            journal_head: "abc".into(),
        },
    ]
}

/// The run; its events are a tenth of a second apart.
pub(super) fn sample() -> Recording {
    recorded(events())
}

/// A run whose one step fails, and may, as its job may.
pub(super) fn let_pass() -> Recording {
    let mut step = finished(1, Outcome::Failed, Some("exit code 1"), Value::Null);
    let mut job = job_finished(Outcome::Failed, Some("its output has no value"));
    for event in [&mut step, &mut job] {
        if let Event::StepFinished { continues, .. } | Event::JobFinished { continues, .. } = event
        {
            *continues = true;
        }
    }
    recorded(vec![
        run_started("capstep.yml", &["build", "deploy"]),
        Event::JobStarted {
            job: "build".into(),
        },
        started(1, "env-setup"),
        step,
        Event::Deployed {
            job: "build".into(),
            environment: "production".into(),
            url: Some("https://<b>".into()),
        },
        job,
        Event::RunFinished {
            run: "r1".into(),
            outcome: Outcome::Passed,
            exit_code: 0,
            milliseconds: 1_500,
            journal_head: "abc".into(),
        },
    ])
}

/// A run of a job's last step: its others, and another job, are taken from an earlier run.
pub(super) fn taken() -> Recording {
    let step_taken = |step, name: &str| Event::StepTaken {
        at: at("build", step),
        name: name.into(),
        run: "r0".into(),
        outcome: Outcome::Passed,
        outputs: Value::Null,
    };
    recorded(vec![
        run_started("capstep.yml", &["build", "deploy"]),
        Event::JobTaken {
            job: "deploy".into(),
            run: "r0".into(),
            outcome: Outcome::Passed,
            outputs: Value::Null,
        },
        Event::JobStarted {
            job: "build".into(),
        },
        step_taken(1, "env-setup"),
        step_taken(2, "health-check"),
        started(3, "noop"),
        finished(3, Outcome::Passed, None, Value::Null),
        job_finished(Outcome::Passed, None),
    ])
}

fn recorded(events: Vec<Event>) -> Recording {
    let mut recording = Recording::default();
    for (number, event) in events.into_iter().enumerate() {
        recording.note(&TimedEvent {
            time: format!("2026-11-21T10:29:{:02}.{}Z", 9 + number / 10, number % 10),
            event,
        });
    }
    recording.complete(&sample_plan());
    recording
}

/// A run that was cancelled before any of its steps began.
pub(super) fn cancelled_at_once(pipeline: &str) -> Recording {
    let mut recording = Recording::default();
    for event in [
        run_started(pipeline, &["build"]),
        job_finished(Outcome::Cancelled, None),
    ] {
        let time = String::new();
        recording.note(&TimedEvent { time, event });
    }
    recording
}

/// Its journal: the file was written, one of the two addresses was asked, one effect has no end.
pub(super) fn sample_usage() -> Usage {
    let record = |step, call, phase, verb, pointer, secrets: &[&str]| {
        let place = json!({ "file": "capstep.yml", "line": 1, "column": 1 });
        let grants = json!([{ "pointer": pointer, "authority": HOSTILE, "place": place }]);
        json!({
            "version": 1, "job": "build", "step": step, "attempt": 1, "call": call,
            "phase": phase, "verb": verb, "grants": grants, "secrets": secrets,
        })
        .to_string()
    };
    let journal = [
        record(1, 1, "intent", "files/write-entries", "/file", &["TOKEN"]),
        record(1, 1, "outcome", "files/write-entries", "/file", &["TOKEN"]),
        record(2, 1, "read", "http/send", "/url/0", &[]),
        record(2, 2, "read", "http/send", "/url/0", &[]),
        record(2, 3, "intent", "http/send", "/elsewhere", &[]),
    ];
    Usage::read(journal.join("\n").as_bytes()).unwrap()
}
