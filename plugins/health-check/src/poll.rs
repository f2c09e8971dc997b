//! Tries all that is not healthy yet, at once, again and again.

use capstep_sdk::http::Http;
use capstep_sdk::log::{Log, Progress};
use capstep_sdk::tcp::Tcp;
use capstep_sdk::time::Time;
use capstep_sdk::{Duration, Error, Failure};

use crate::expectation::Expectation;
use crate::inputs::Inputs;
use crate::probe::{self, Finding};
use crate::target::Target;

/// How long the same finding goes on before it is said again.
const REPEAT: Duration = Duration::from_secs(60);

/// How long it took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    /// Attempts, those of the start period among them.
    pub(crate) attempts: u32,
    /// From the first attempt's start to the last one's end.
    pub(crate) waited: Duration,
}

/// Tries until every target is healthy or no attempts are left.
///
/// # Errors
/// What another try can't change: a denial, or that the step is cancelled.
pub(crate) fn poll<H: Http + Tcp + Time + Log>(
    host: &H,
    inputs: &Inputs,
    expectation: &Expectation,
    targets: &mut [Target],
) -> Result<Course, Failure> {
    let start = host.now();
    let mut attempts: u32 = 0;
    let mut counted: u32 = 0;
    loop {
        let began = host.now();
        attempts = attempts.saturating_add(1);
        let label = if began.saturating_sub(start) < inputs.start_period {
            "starting".to_owned()
        } else {
            counted += 1;
            host.progress(&Progress {
                what: "attempt".to_owned(),
                done: u64::from(counted),
                total: Some(u64::from(inputs.attempts)),
            });
            format!("attempt {counted}/{}", inputs.attempts)
        };
        round(host, inputs, expectation, targets, (&label, began))?;
        let now = host.now();
        if counted >= inputs.attempts || targets.iter().all(|target| target.healthy) {
            return Ok(Course {
                attempts,
                waited: now.saturating_sub(start),
            });
        }
        let rest = inputs.every.saturating_sub(now.saturating_sub(began));
        if !rest.is_zero() {
            host.sleep(rest)?;
        }
    }
}

/// One try of each target that is not healthy yet, all at once; with what the attempt is called, and when it began.
fn round<H: Http + Tcp + Log>(
    host: &H,
    inputs: &Inputs,
    expectation: &Expectation,
    targets: &mut [Target],
    attempt: (&str, Duration),
) -> Result<(), Failure> {
    let mut ops = Vec::new();
    let mut under_way = Vec::new();
    for (index, target) in targets
        .iter_mut()
        .enumerate()
        .filter(|(_, target)| !target.healthy)
    {
        target.attempts = target.attempts.saturating_add(1);
        match probe::start(host, &target.probe) {
            Ok(op) => {
                ops.push(op);
                under_way.push(index);
            }
            Err(error) => settle(host, inputs, target, probe::of_error(error), attempt)?,
        }
    }
    host.wait_all(&ops, |ended| {
        let target = under_way
            .get(ended)
            .and_then(|index| targets.get_mut(*index));
        let (Some(target), Some(op)) = (target, ops.get(ended)) else {
            return Ok(());
        };
        let finding = probe::finding(host, &target.probe, op, expectation);
        settle(host, inputs, target, finding, attempt)
    })
}

/// Notes what came of a try, and says so.
fn settle(
    host: &impl Log,
    inputs: &Inputs,
    target: &mut Target,
    finding: Result<Finding, Error>,
    (label, began): (&str, Duration),
) -> Result<(), Failure> {
    let finding = finding.map_err(|error| Failure::from(error).while_doing(&target.label))?;
    let (key, line) = if let Some(wrong) = &finding.wrong {
        target.streak = 0;
        target.wrong = Some(wrong.clone());
        (
            finding.key.clone(),
            format!("waiting: {}, {label}", finding.seen),
        )
    } else {
        target.streak += 1;
        target.wrong = None;
        target.healthy = target.streak >= inputs.successes;
        let latency = finding
            .last
            .told_latency()
            .map(|time| format!(" in {time}"))
            .unwrap_or_default();
        let seen = &finding.seen;
        if target.healthy {
            (
                "healthy".to_owned(),
                format!("healthy: {seen}{latency}, {label}"),
            )
        } else {
            let so_far = format!("{} of {} in a row", target.streak, inputs.successes);
            (
                so_far.clone(),
                format!("healthy, {so_far}: {seen}{latency}, {label}"),
            )
        }
    };
    // What is no news is for a close look, and once in a while for everyone: it goes on.
    if target.said == key && began.saturating_sub(target.said_at) < REPEAT {
        host.debug(format_args!("{}: {line}", target.label));
    } else {
        host.info(format_args!("{}: {line}", target.label));
        target.said = key;
        target.said_at = began;
    }
    target.last = Some(finding.last);
    Ok(())
}
