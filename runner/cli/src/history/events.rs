//! From a run's events to its jobs and steps.

use std::collections::{BTreeMap, VecDeque};

use capstep_engine::past::EventLine;
use capstep_engine::{Level, Outcome};
use indexmap::IndexMap;
#[cfg(test)]
use serde_json::Value;

use super::view::{DenialView, DeployedView, FailedStep, JobView, LineView, StepView};
use super::{LINES_KEPT, Lines};

/// What has been heard so far.
pub(super) struct Told {
    lines: Lines,
    jobs: IndexMap<String, Job>,
}

struct Job {
    view: JobView,
    steps: BTreeMap<usize, Step>,
}

struct Step {
    view: StepView,
    lines: VecDeque<LineView>,
}

impl Told {
    pub(super) fn new(lines: Lines) -> Self {
        Self {
            lines,
            jobs: IndexMap::new(),
        }
    }

    pub(super) fn hear(&mut self, event: EventLine) {
        match event.event.as_str() {
            "job-started" => {
                self.job(&event.job);
            }
            "job-skipped" => {
                let job = self.job(&event.job);
                job.view.outcome = Some(Outcome::Skipped);
                job.view.reason = event.reason;
            }
            "job-taken" => {
                let job = self.job(&event.job);
                job.view.outcome = event.outcome;
                job.view.taken_from = event.run;
                job.view.outputs = event.outputs;
            }
            "job-finished" => {
                let job = self.job(&event.job);
                job.view.outcome = event.outcome;
                job.view.continues = event.continues;
                job.view.reason = event.message;
                job.view.milliseconds = event.milliseconds;
                job.view.outputs = event.outputs;
            }
            "deployed" => {
                let environment = event.environment.unwrap_or_default();
                let url = event.url;
                self.job(&event.job).view.deployed = Some(DeployedView { environment, url });
            }
            "step-started" => {
                let step = self.step(&event);
                step.view.place = event
                    .place
                    .and_then(|place| serde_json::from_value(place).ok());
                step.view.name = event.name.unwrap_or_default();
                step.view.uses = event.uses;
                step.view.attempts = event.attempt.unwrap_or(1);
                step.view.started.get_or_insert(event.time);
                // What an earlier try came to is no longer what the step came to.
                step.view.outcome = None;
                step.view.reason = None;
            }
            "step-skipped" => {
                let step = self.step(&event);
                step.view.name = event.name.unwrap_or_default();
                step.view.outcome = Some(Outcome::Skipped);
                step.view.reason = event.reason;
            }
            "step-taken" => {
                let step = self.step(&event);
                step.view.name = event.name.unwrap_or_default();
                step.view.outcome = event.outcome;
                step.view.taken_from = event.run;
                step.view.outputs = event.outputs;
            }
            "step-finished" => {
                let step = self.step(&event);
                step.view.outcome = event.outcome;
                step.view.continues = event.continues;
                step.view.reason = event.message;
                step.view.details = event.details;
                step.view.outputs = event.outputs;
                step.view.milliseconds = event.milliseconds;
            }
            "line" => {
                let text = event.text.clone().unwrap_or_default();
                self.line(&event, text);
            }
            "group-opened" => {
                let title = event.title.clone().unwrap_or_default();
                self.line(&event, title);
            }
            "annotation" => {
                let place = match (&event.file, event.line) {
                    (Some(file), Some(line)) => format!("{file}:{line}: "),
                    (Some(file), None) => format!("{file}: "),
                    _ => String::new(),
                };
                let message = event.message.clone().unwrap_or_default();
                self.line(&event, format!("{place}{message}"));
            }
            "denied" => {
                let denial: Option<DenialView> = event
                    .denial
                    .clone()
                    .and_then(|denial| serde_json::from_value(denial).ok());
                self.step(&event).view.denials.extend(denial);
            }
            _ => {}
        }
    }

    fn line(&mut self, event: &EventLine, text: String) {
        let all = self.lines == Lines::All;
        let step = self.step(event);
        let level = event.level.unwrap_or(Level::Info);
        if !all {
            if level == Level::Debug {
                return;
            }
            if step.lines.len() == LINES_KEPT {
                step.lines.pop_front();
                step.view.lines_before += 1;
            }
        }
        step.lines.push_back(LineView { level, text });
    }

    fn job(&mut self, id: &str) -> &mut Job {
        self.jobs.entry(id.to_owned()).or_insert_with(|| Job {
            view: JobView {
                job: id.to_owned(),
                ..JobView::default()
            },
            steps: BTreeMap::new(),
        })
    }

    fn step(&mut self, event: &EventLine) -> &mut Step {
        let number = event.step;
        let job = self.job(&event.job);
        job.steps.entry(number).or_insert_with(|| Step {
            view: StepView {
                step: number,
                ..StepView::default()
            },
            lines: VecDeque::new(),
        })
    }

    /// The jobs as they ended. A step without an end was running when the run was killed; its last lines say how far it
    /// came.
    pub(super) fn jobs(self, lives: bool) -> Vec<JobView> {
        let all = self.lines == Lines::All;
        let finished = |step: Step| {
            let mut view = step.view;
            let failed = match view.outcome {
                Some(outcome) => !matches!(outcome, Outcome::Passed | Outcome::Skipped),
                None => !lives,
            };
            if all || failed {
                view.lines = step.lines.into();
            } else {
                view.lines_before = 0;
            }
            view
        };
        self.jobs
            .into_values()
            .map(|job| JobView {
                steps: job.steps.into_values().map(finished).collect(),
                ..job.view
            })
            .collect()
    }

    /// The first step that ended as the run did, or the first job that did so by itself; else the first that failed at all.
    /// What went on as if it had passed did not fail the run.
    pub(super) fn gravest_failure(&self, run: Option<Outcome>) -> Option<FailedStep> {
        let is = |outcome: Option<Outcome>| outcome.is_some() && outcome == run;
        self.first(is).or_else(|| {
            self.first(|outcome| {
                outcome
                    .is_some_and(|outcome| !matches!(outcome, Outcome::Passed | Outcome::Skipped))
            })
        })
    }

    fn first(&self, bad: impl Fn(Option<Outcome>) -> bool) -> Option<FailedStep> {
        let jobs = || self.jobs.values().filter(|job| !job.view.continues);
        let steps = jobs().flat_map(|job| {
            let steps = job.steps.values().filter(|step| !step.view.continues);
            steps.map(move |step| (job, step))
        });
        let mut steps = steps.filter(|(_, step)| bad(step.view.outcome));
        let step = steps.next().map(|(job, step)| FailedStep {
            job: job.view.job.clone(),
            step: Some(step.view.step),
            name: Some(step.view.name.clone()),
            place: step.view.place.clone(),
            message: step.view.reason.clone(),
        });
        step.or_else(|| {
            let job = jobs().find(|job| bad(job.view.outcome))?;
            Some(FailedStep {
                job: job.view.job.clone(),
                step: None,
                name: None,
                place: None,
                message: job.view.reason.clone(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: Lines, events: &[Value]) -> Told {
        let mut told = Told::new(lines);
        for event in events {
            told.hear(serde_json::from_value(event.clone()).unwrap());
        }
        told
    }

    fn step(event: &str, more: Value) -> Value {
        let mut whole = serde_json::json!({ "time": "t", "event": event, "job": "a", "step": 1 });
        for (key, value) in more.as_object().unwrap() {
            whole[key] = value.clone();
        }
        whole
    }

    #[test]
    fn failing_lines_are_kept_and_others_are_not() {
        let mut events = vec![step(
            "step-started",
            serde_json::json!({ "name": "n", "uses": "u", "attempt": 1 }),
        )];
        for number in 0..30 {
            events.push(step(
                "line",
                serde_json::json!({ "level": "info", "text": format!("line {number}") }),
            ));
        }
        let ended = |outcome: &str| {
            let mut events = events.clone();
            events.push(step(
                "step-finished",
                serde_json::json!({ "outcome": outcome, "message": "why", "details": null,
                    "outputs": {}, "milliseconds": 5 }),
            ));
            events
        };
        let check = |lines, events: &[Value], lives, expected: (usize, usize)| {
            let jobs = told(lines, events).jobs(lives);
            let step = &jobs[0].steps[0];
            assert_eq!((step.lines.len(), step.lines_before), expected);
        };
        check(Lines::OfFailures, &ended("failed"), false, (20, 10));
        check(Lines::OfFailures, &ended("passed"), false, (0, 0));
        check(Lines::All, &ended("passed"), false, (30, 0));
        // Killed in the middle, and still at work.
        check(Lines::OfFailures, &events, false, (20, 10));
        check(Lines::OfFailures, &events, true, (0, 0));
        let failure = told(Lines::OfFailures, &ended("denied"))
            .gravest_failure(Some(Outcome::Denied))
            .unwrap();
        assert_eq!((failure.job.as_str(), failure.step), ("a", Some(1)));
        // A failure that was let pass is not what failed the run.
        let mut events = ended("failed");
        let last = events.last_mut().unwrap();
        last["continues"] = true.into();
        assert!(
            told(Lines::OfFailures, &events)
                .gravest_failure(None)
                .is_none()
        );
        assert!(
            told(Lines::OfFailures, &ended("passed"))
                .gravest_failure(None)
                .is_none()
        );
    }
}
