//! A `run:` step: what came of the pipeline's own script.

use std::time::Duration;

use capstep_host::{ScriptHost, StepRun};
use capstep_process::StepEnd;
use serde_json::{Value, json};

use super::outcome::Ended;
use crate::event::Outcome;

/// Runs the step's script, and says what that means for the step.
pub(super) async fn run(host: &StepRun, on: &ScriptHost, time: Duration) -> Ended {
    let end = match host.run_script(on, time).await {
        Ok(end) => end,
        Err(error) => {
            // What the machine can't enforce is no fault of the step's; what was named and is not there is.
            let outcome = match error.kind.word() {
                "invalid" | "not-found" => Outcome::Failed,
                _ => Outcome::Infrastructure,
            };
            let mut ended = Ended::failed(outcome, error.message).of_kind(error.kind.word());
            ended.details = json!({ "kind": error.kind.word(), "stage": error.stage });
            return ended;
        }
    };
    match end {
        StepEnd::Exited(0) => Ended::passed(serde_json::Map::new()),
        StepEnd::Exited(code) => {
            let mut ended =
                Ended::failed(Outcome::Failed, format!("the script exited with {code}"))
                    .of_kind("failed");
            ended.details = json!({ "code": code });
            ended
        }
        StepEnd::Signalled(signal) => Ended {
            details: json!({ "signal": signal }),
            ..Ended::failed(Outcome::Failed, format!("signal {signal} ended the script"))
                .of_kind("crashed")
        },
        StepEnd::TimedOut => Ended {
            details: Value::Null,
            ..Ended::failed(
                Outcome::Failed,
                format!("the time was up: {} s", time.as_secs_f32()),
            )
            .of_kind("timeout")
        },
        StepEnd::Cancelled => Ended::failed(Outcome::Cancelled, "cancelled"),
    }
}
