//! What is told when targets are not healthy at the end.

use capstep_sdk::Failure;
use capstep_sdk::log::Log;

use crate::inputs::Inputs;
use crate::poll::Course;
use crate::probe::{Last, shown};
use crate::target::Target;

/// Shows the last answer of each unhealthy target, and makes the failure.
pub(crate) fn failure(
    host: &impl Log,
    inputs: &Inputs,
    targets: &[Target],
    course: Course,
) -> Failure {
    let unhealthy: Vec<&Target> = targets.iter().filter(|target| !target.healthy).collect();
    for target in &unhealthy {
        host.grouped(&format!("last answer of {}", target.label), || {
            show(host, target.last.as_ref())
        });
    }
    let told: Vec<_> = unhealthy
        .iter()
        .map(|target| format!("{}: {}", target.label, why(inputs, target)))
        .collect();
    let attempts = if course.attempts == 1 {
        "attempt"
    } else {
        "attempts"
    };
    let message = format!(
        "{} of {} not healthy after {} {attempts} in {}: {}",
        unhealthy.len(),
        targets.len(),
        course.attempts,
        shown(course.waited),
        told.join("; "),
    );
    let results: Vec<_> = targets.iter().map(Target::result).collect();
    Failure::new(message).with_details(&serde_json::json!({ "results": results }))
}

fn why(inputs: &Inputs, target: &Target) -> String {
    match &target.wrong {
        Some(wrong) => wrong.clone(),
        None => format!(
            "healthy only {} of {} times in a row",
            target.streak, inputs.successes
        ),
    }
}

fn show(host: &impl Log, last: Option<&Last>) {
    match last {
        Some(Last::Http {
            status,
            url,
            headers,
            body,
            cut,
            latency,
        }) => {
            host.info(format_args!(
                "HTTP {status} from {url} in {}",
                shown(*latency)
            ));
            for (name, value) in headers {
                host.info(format_args!("{name}: {value}"));
            }
            if body.is_empty() {
                host.info("(no body)");
            } else {
                host.info(body);
            }
            if *cut {
                host.info("(cut here)");
            }
        }
        Some(Last::Tcp {
            peer,
            banner,
            latency,
        }) => {
            host.info(format_args!("open at {peer} in {}", shown(*latency)));
            host.info(if banner.is_empty() {
                "(it said nothing)"
            } else {
                banner
            });
        }
        Some(Last::Error(error)) => {
            let stage = error
                .stage
                .as_deref()
                .map(|stage| format!(" at {stage}"))
                .unwrap_or_default();
            host.info(format_args!(
                "no answer: {}{stage}: {}",
                error.kind, error.message
            ));
        }
        None => host.info("(it was never tried)"),
    }
}
