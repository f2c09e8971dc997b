//! What came of a step: the sandbox's outcome, the outputs held against the manifest, and the denials.

use std::time::Duration;

use capstep_grants::manifest::Manifest;
use capstep_host::StepRun;
use capstep_host::sandbox::RunOutcome;
use capstep_pipeline::FAILURES;
use serde_json::{Map, Value, json};

use crate::event::Outcome;

/// The largest single output: outputs are small facts; files are for the rest.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// What came of a step.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) message: Option<String>,
    pub(crate) details: Value,
    pub(crate) outputs: Map<String, Value>,
    /// The kind of failure, as `retry` calls it; none where another try would end the same.
    pub(crate) kind: Option<String>,
}

impl Ended {
    pub(super) fn passed(outputs: Map<String, Value>) -> Self {
        Self {
            outcome: Outcome::Passed,
            message: None,
            details: Value::Null,
            outputs,
            kind: None,
        }
    }

    pub(super) fn of_kind(mut self, kind: &str) -> Self {
        self.kind = Some(kind.to_owned());
        self
    }

    pub(crate) fn failed(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: Some(message.into()),
            details: Value::Null,
            outputs: Map::new(),
            kind: None,
        }
    }
}

/// A step or script that took longer than it may.
pub(super) fn time_was_up(limit: Duration) -> String {
    match limit.as_millis() {
        milliseconds @ 0..1000 => format!("the time was up: {milliseconds} ms"),
        _ => format!("the time was up: {} s", limit.as_secs_f32()),
    }
}

/// What the sandbox's outcome means for the step.
pub(super) fn outcome(
    manifest: &Manifest,
    host: &StepRun,
    outcome: RunOutcome,
    cancelled: bool,
) -> Ended {
    match outcome {
        RunOutcome::Finished { outputs } => finished(manifest, host, outputs),
        RunOutcome::Exited {
            code: 0,
            stdout,
            truncated,
        } => {
            let mut text = String::from_utf8_lossy(&stdout).into_owned();
            if truncated {
                text.push_str("\n[cut here]");
            }
            let outputs = [
                ("stdout".to_owned(), Value::from(host.mask(&text))),
                ("exit-code".to_owned(), Value::from(0)),
            ];
            Ended::passed(outputs.into_iter().collect())
        }
        RunOutcome::Exited { code, .. } => {
            Ended::failed(Outcome::Failed, format!("the program exited with {code}"))
                .of_kind("failed")
        }
        RunOutcome::Failed(_) | RunOutcome::Cancelled if cancelled => {
            Ended::failed(Outcome::Cancelled, "cancelled")
        }
        RunOutcome::Cancelled => Ended::failed(Outcome::Cancelled, "cancelled"),
        RunOutcome::Failed(failure) => {
            // The host's own error of name, TCP or engine is the machine's failure, not the step's. A plugin that says so
            // without having been told is not believed: it can't choose the run's exit code.
            let outcome = match failure.kind.as_deref() {
                Some("unreachable") if host.met_unreachable() => Outcome::Infrastructure,
                _ => Outcome::Failed,
            };
            let mut details = json!({ "kind": failure.kind, "details": failure.details });
            host.mask_value(&mut details);
            let mut ended = Ended::failed(outcome, host.mask(&failure.message));
            ended.details = details;
            // A kind that is not known counts as `internal`, as everywhere.
            let known = |kind: &str| FAILURES.iter().find(|known| **known == kind);
            ended.of_kind(match failure.kind.as_deref() {
                None => "failed",
                Some(kind) => known(kind).unwrap_or(&"internal"),
            })
        }
        RunOutcome::Trapped { message } => Ended::failed(
            Outcome::Failed,
            format!("the plugin crashed: {}", host.mask(&message)),
        )
        .of_kind("crashed"),
        RunOutcome::OutOfMemory { limit } => Ended::failed(
            Outcome::Failed,
            format!(
                "the plugin wanted more than its {} MiB of memory",
                limit / (1024 * 1024)
            ),
        )
        .of_kind("crashed"),
        RunOutcome::TimedOut { limit } => {
            Ended::failed(Outcome::Failed, time_was_up(limit)).of_kind("timeout")
        }
        RunOutcome::ProtocolError { message } => Ended::failed(
            Outcome::Failed,
            format!(
                "the plugin does not keep to the interface: {}",
                host.mask(&message)
            ),
        )
        .of_kind("crashed"),
        RunOutcome::HostFault { message } => Ended::failed(
            Outcome::Infrastructure,
            format!("a fault of capstep itself: {}", host.mask(&message)),
        )
        .of_kind("internal"),
    }
}

/// Outputs, held against the manifest and masked.
fn finished(manifest: &Manifest, host: &StepRun, outputs: Map<String, Value>) -> Ended {
    let mut checked = Map::new();
    for (name, mut value) in outputs {
        if value.is_null() {
            continue;
        }
        let Some((_, kind, _)) = manifest
            .outputs
            .iter()
            .find(|(declared, _, _)| *declared == name)
        else {
            return Ended::failed(
                Outcome::Failed,
                format!(
                    "`{}` gave the output `{name}`, which its manifest does not declare",
                    manifest.name
                ),
            );
        };
        if !kind.accepts(&value) {
            return Ended::failed(
                Outcome::Failed,
                format!(
                    "the output `{name}` of `{}` is no {}, as its manifest says",
                    manifest.name,
                    kind.word()
                ),
            );
        }
        if value.to_string().len() > OUTPUT_LIMIT {
            return Ended::failed(
                Outcome::Failed,
                format!(
                    "the output `{name}` of `{}` is larger than 64 KiB",
                    manifest.name
                ),
            );
        }
        host.mask_value(&mut value);
        checked.insert(name, value);
    }
    Ended::passed(checked)
}

/// Says which effects of a failed step may or may not have happened.
pub(super) fn with_doubts(host: &StepRun, mut ended: Ended) -> Ended {
    let doubts = host.in_doubt();
    if ended.outcome == Outcome::Passed || doubts.is_empty() {
        return ended;
    }
    let said = ended.message.unwrap_or_default();
    ended.message = Some(format!(
        "{said}; in doubt, it may have happened: {}",
        doubts.join(", ")
    ));
    ended
}

/// A denial fails the step, whatever its plugin says and whatever else ended it.
pub(super) fn judge(host: &StepRun, ended: Ended) -> Ended {
    let denials = host.denials();
    let Some(first) = denials.first() else {
        return ended;
    };
    let more = match denials.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Ended {
        outcome: Outcome::Denied,
        message: Some(format!("{}{more}", first.message)),
        details: json!({ "denials": denials }),
        outputs: Map::new(),
        kind: None,
    }
}
