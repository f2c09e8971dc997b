//! What is run and what is taken, as text.

use capstep_pipeline::{Source, parse_pipeline};
use serde_json::json;

use super::*;

const PIPELINE: &str = r#"version: 1
secrets: [KEY]
jobs:
  build:
    outputs: { image: "${{ steps.make.outputs.image }}", login: "${{ secrets.KEY }}" }
    steps:
      - { id: make, uses: noop }
  other:
    steps: [ { uses: noop } ]
  deploy:
    needs: build
    steps:
      - { id: one, uses: noop, with: { echo: "${{ needs.build.outputs.image }}" } }
      - { id: two, uses: noop, with: { echo: "${{ steps.one.outputs.echo }}" } }
      - { id: three, uses: noop }
  check:
    needs: [deploy, other]
    steps: [ { uses: noop } ]
"#;

/// A record of steps `job/number=outcome` and jobs `job=outcome`; what passed gives `echo`, `image` and `login`.
fn recorded(ends: &[&str], masked: bool) -> Recorded {
    let mut recorded = Recorded {
        run: "R".to_owned(),
        ..Recorded::default()
    };
    let jobs = ["build", "other", "deploy", "check"];
    let start = json!({ "event": "run-started", "jobs": jobs });
    recorded.hear(serde_json::from_value(start).unwrap());
    for end in ends {
        let (what, outcome) = end.split_once('=').unwrap();
        let value = if masked { "[MASKED:KEY]" } else { "x" };
        let outputs = json!({ "echo": value, "image": value, "login": "[secret KEY]" });
        let event = match what.split_once('/') {
            Some((job, step)) => json!({ "event": "step-finished", "job": job,
                "step": step.parse::<usize>().unwrap(), "outcome": outcome, "outputs": outputs }),
            None => {
                json!({ "event": "job-finished", "job": what, "outcome": outcome, "outputs": outputs })
            }
        };
        recorded.hear(serde_json::from_value(event).unwrap());
    }
    recorded
}

fn shown(resume: &Resume) -> String {
    let step = |(number, part): (&usize, &StepPart)| match part {
        StepPart::Run => format!("{number}!"),
        StepPart::Taken { .. } => format!("{number}t"),
        StepPart::Left => format!("{number}-"),
    };
    let job = |(id, part): (&String, &JobPart)| match part {
        JobPart::Whole => format!("{id}!"),
        JobPart::Taken { .. } => format!("{id} taken"),
        JobPart::Left => format!("{id} left"),
        JobPart::Steps(steps) => {
            format!(
                "{id} {}",
                steps.iter().map(step).collect::<Vec<_>>().join(" ")
            )
        }
    };
    resume.jobs.iter().map(job).collect::<Vec<_>>().join(", ")
}

fn chosen(pipeline: &str, again: &Again, past: Option<&Recorded>) -> String {
    let source = Source::new("capstep.yml", pipeline);
    let (pipeline, mistakes) = parse_pipeline(&source);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    match choose(&pipeline.unwrap(), again, past) {
        Ok(resume) => shown(&resume),
        Err(error) => error.to_string(),
    }
}

fn at(job: &str, step: usize) -> StepRef {
    StepRef {
        job: job.to_owned(),
        step,
    }
}

/// All passed but the second step of `deploy`.
const FAILED: [&str; 7] = [
    "build/1=passed",
    "build=passed",
    "other/1=passed",
    "other=passed",
    "deploy/1=passed",
    "deploy/2=failed",
    "deploy=failed",
];

#[test]
fn from_a_step_on() {
    let check = |job, step, ends: &[&str], expected| {
        let past = recorded(ends, false);
        assert_eq!(
            chosen(PIPELINE, &Again::From(at(job, step)), Some(&past)),
            expected
        );
    };
    check(
        "deploy",
        2,
        &FAILED,
        "build taken, check!, deploy 1t 2! 3!, other taken",
    );
    check(
        "deploy",
        1,
        &FAILED,
        "build taken, check!, deploy 1! 2! 3!, other taken",
    );
    check(
        "check",
        1,
        &FAILED,
        "the job `deploy` failed in the run R, so its outcome can't be taken from there",
    );
    check(
        "deploy",
        3,
        &FAILED,
        "deploy/2 failed in the run R, so its outcome can't be taken from there",
    );
    check(
        "deploy",
        2,
        &["build=passed"],
        "deploy/1 was not come to in the run R, so its outcome can't be taken from there",
    );
    check(
        "deploy",
        1,
        &["build=passed"],
        "the job `other` was not come to in the run R, so its outcome can't be taken from there",
    );
}

#[test]
fn what_failed() {
    let check = |ends: &[&str], expected| {
        let past = recorded(ends, false);
        assert_eq!(chosen(PIPELINE, &Again::Failed, Some(&past)), expected);
    };
    check(
        &FAILED,
        "build taken, check 1!, deploy 1t 2! 3!, other taken",
    );
    let passed = [
        "build=passed",
        "other=passed",
        "deploy=passed",
        "check=passed",
    ];
    check(&passed, "nothing failed in the run R");
    check(
        &[
            "build=passed",
            "other=passed",
            "deploy=passed",
            "check=skipped",
        ],
        "nothing failed in the run R",
    );
    // Killed in the first job.
    check(
        &["other=passed"],
        "build 1!, check 1!, deploy 1! 2! 3!, other taken",
    );
}

#[test]
fn these_alone() {
    let check = |steps: &[(&str, usize)], past: Option<&Recorded>, expected| {
        let steps = steps.iter().map(|(job, step)| at(job, *step)).collect();
        assert_eq!(chosen(PIPELINE, &Again::Only(steps), past), expected);
    };
    let past = recorded(&FAILED, false);
    check(&[("deploy", 3)], None, "build left, deploy 1- 2- 3!");
    check(
        &[("deploy", 3)],
        Some(&past),
        "build taken, deploy 1t 2- 3!",
    );
    check(
        &[("deploy", 2)],
        Some(&past),
        "build taken, deploy 1t 2! 3-",
    );
    check(
        &[("deploy", 1), ("deploy", 2), ("build", 1)],
        None,
        "build 1!, deploy 1! 2! 3-",
    );
    check(
        &[("deploy", 2)],
        None,
        "the output `echo` of the step `one` is neither made by what is to run nor recorded",
    );
    check(
        &[("deploy", 1)],
        None,
        "the output `image` of the job `build` is neither made by what is to run nor recorded",
    );
}

#[test]
fn secrets_are_not_in_a_record() {
    let past = recorded(&FAILED, true);
    assert_eq!(
        chosen(PIPELINE, &Again::From(at("deploy", 2)), Some(&past)),
        "the output `echo` of the step `one` was made with a secret: no record has it"
    );
    // A masked output that nobody refers to is in nobody's way.
    let past = recorded(&FAILED, false);
    let pipeline = PIPELINE.replace("outputs.image }}\" } }", "outputs.login }}\" } }");
    assert_eq!(
        chosen(&pipeline, &Again::From(at("deploy", 2)), Some(&past)),
        "build taken, check!, deploy 1t 2! 3!, other taken"
    );
    assert_eq!(
        chosen(&pipeline, &Again::From(at("deploy", 1)), Some(&past)),
        "the output `login` of the job `build` was made with a secret: no record has it"
    );
}
