//! What went wrong in a run, kept for its end.

use std::collections::{HashMap, VecDeque};

use capstep_engine::{Outcome, StepRef};
use capstep_grants::Place;

/// How many of a failed step's last lines are repeated at the end: enough for a compiler's last message.
const LINES_KEPT: usize = 20;

/// Steps that did not pass, and the last lines of those that run.
#[derive(Default)]
pub(super) struct Failures {
    names: HashMap<StepRef, String>,
    lines: HashMap<StepRef, VecDeque<String>>,
    failed: Vec<Failure>,
}

/// A step that did not pass.
pub(super) struct Failure {
    at: StepRef,
    /// The step's name, and where it is written; none where no step, but the job itself went wrong.
    step: Option<(String, Place)>,
    pub(super) outcome: Outcome,
    pub(super) message: String,
    pub(super) lines: VecDeque<String>,
    /// Whether something else was told after it, so that its lines are out of sight.
    pub(super) buried: bool,
}

impl Failure {
    /// `deploy/2`, as the command line calls a step; `deploy` where it is the job itself.
    pub(super) fn name(&self) -> String {
        match &self.step {
            Some(_) => self.at.to_string(),
            None => self.at.job.clone(),
        }
    }

    /// `deploy/2 (ssh-deploy) at capstep.yml:14:9: why`, with the first line of that: the whole was told where it happened.
    pub(super) fn summary(&self) -> String {
        let name = self.name();
        let mut lines = self.message.lines().map(str::trim);
        let message = lines.next().unwrap_or_default();
        let more = if lines.next().is_some() { " …" } else { "" };
        match &self.step {
            Some((step, place)) => format!("{name} ({step}) at {place}: {message}{more}"),
            None => format!("{name}: {message}{more}"),
        }
    }
}

impl Failures {
    pub(super) fn started(&mut self, at: &StepRef, name: &str) {
        self.names.insert(at.clone(), name.to_owned());
        self.bury(at);
    }

    pub(super) fn line(&mut self, at: &StepRef, text: &str) {
        let lines = self.lines.entry(at.clone()).or_default();
        // What a plugin calls a line may have line ends in it.
        for part in text.lines() {
            if lines.len() == LINES_KEPT {
                lines.pop_front();
            }
            lines.push_back(part.to_owned());
        }
        self.bury(at);
    }

    pub(super) fn finished(
        &mut self,
        at: &StepRef,
        place: &Place,
        outcome: Outcome,
        message: Option<&str>,
    ) {
        let lines = self.lines.remove(at).unwrap_or_default();
        let name = self.names.remove(at).unwrap_or_default();
        if !matches!(outcome, Outcome::Passed | Outcome::Skipped) {
            self.failed.push(Failure {
                at: at.clone(),
                step: Some((name, place.clone())),
                outcome,
                message: message.unwrap_or("no reason was given").to_owned(),
                lines,
                buried: false,
            });
        }
    }

    /// A step ended, and whatever went wrong in it does not matter.
    pub(super) fn passed(&mut self, at: &StepRef) {
        self.lines.remove(at);
        self.names.remove(at);
    }

    /// A job ended, and whatever went wrong in it does not matter.
    pub(super) fn job_passed(&mut self, job: &str) {
        self.failed.retain(|failure| failure.at.job != job);
    }

    /// A job went wrong by itself: what it should hand over has no value, say.
    pub(super) fn job_finished(&mut self, job: &str, outcome: Outcome, message: &str) {
        let at = StepRef {
            job: job.to_owned(),
            step: 0,
        };
        self.bury(&at);
        self.failed.push(Failure {
            at,
            step: None,
            outcome,
            message: message.to_owned(),
            lines: VecDeque::new(),
            buried: false,
        });
    }

    /// Something of `at` is told: what failed before is out of sight.
    fn bury(&mut self, at: &StepRef) {
        for failure in self.failed.iter_mut().filter(|failure| failure.at != *at) {
            failure.buried = true;
        }
    }

    /// All, in the order they happened.
    pub(super) fn all(&self) -> &[Failure] {
        &self.failed
    }

    /// The first of those that weigh as much as the run.
    pub(super) fn gravest(&self, run: Outcome) -> Option<&Failure> {
        self.failed.iter().find(|failure| failure.outcome == run)
    }
}
