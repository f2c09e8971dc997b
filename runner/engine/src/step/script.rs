//! A `run:` step: what came of the pipeline's own script.

use std::time::Duration;

use capstep_host::{ScriptHost, StepRun};
use capstep_process::StepEnd;
use serde_json::{Value, json};

use super::outcome::{Ended, time_was_up};
use crate::event::Outcome;

/// Runs the step's script, and says what that means for the step.
pub(super) async fn run(host: &StepRun, on: &ScriptHost, time: Duration) -> Ended {
    let ended = match host.run_script(on, time).await {
        Ok(ended) => ended,
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
    let help = ended.hints.join("\n");
    let mut ended = of_end(ended.end, time);
    if !help.is_empty() {
        match ended.details.as_object_mut() {
            Some(details) => {
                details.insert("help".to_owned(), help.into());
            }
            None => ended.details = json!({ "help": help }),
        }
    }
    ended
}

fn of_end(end: StepEnd, time: Duration) -> Ended {
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
            ..Ended::failed(Outcome::Failed, time_was_up(time)).of_kind("timeout")
        },
        StepEnd::Cancelled => Ended::failed(Outcome::Cancelled, "cancelled"),
    }
}
