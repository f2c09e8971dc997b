//! Through the hosts: the canaries first, then the others, as many at once as the step says.

use capstep_sdk::Failure;
use capstep_sdk::log::Log;
use capstep_sdk::ssh::Ssh;
use capstep_sdk::together::{Flow, Together};

use crate::host::Deployment;
use crate::inputs::Inputs;
use crate::outputs::{HostResult, Outputs};
use crate::rollout::Rollout;
use crate::validate::validate;

/// Deploys.
///
/// # Errors
/// Inputs that make no sense together (`invalid`); what the first failing host's connection, copying or release ended
/// in, with that call's kind; a script that ended in an error (`peer`). The details have what was done on each host.
pub fn run(host: &(impl Ssh + Log), inputs: Inputs) -> Result<Outputs, Failure> {
    validate(&inputs)?;
    let together = Together::on(host);
    let targets: Vec<(String, &str)> = inputs
        .target
        .pointed("target")
        .map(|(pointer, target)| (pointer.to_string(), target.as_str()))
        .collect();
    let names: Vec<&str> = targets.iter().map(|(_, target)| *target).collect();
    let deployments: Vec<Deployment<'_, _>> = names
        .iter()
        .map(|target| Deployment {
            host,
            together: &together,
            inputs: &inputs,
            label: (inputs.parallel > 1 && names.len() > 1).then(|| label(target, &names)),
        })
        .collect();
    let flows = |range: std::ops::Range<usize>| -> Vec<Flow<'_, Result<HostResult, Failure>>> {
        deployments
            .iter()
            .zip(&targets)
            .skip(range.start)
            .take(range.len())
            .map(|(deployment, (pointer, target))| -> Flow<'_, _> {
                Box::pin(deployment.deploy(pointer, target))
            })
            .collect()
    };
    let canaries = inputs.canary.min(names.len());
    let mut rollout = Rollout::of(&names);
    for (range, fail_fast) in [
        (0..canaries, true),
        (canaries..names.len(), inputs.fail_fast),
    ] {
        if rollout.has_failed() {
            break;
        }
        let begun = range.start;
        let results = together.run(flows(range), inputs.parallel, |_, result| {
            result.is_ok() || !fail_fast
        });
        for (index, result) in results.into_iter().enumerate() {
            if let Some(result) = result {
                rollout.ended(begun + index, result);
            }
        }
    }
    rollout.outcome()
}

/// A target's host, or all of it where several have the same host.
fn label(target: &str, all: &[&str]) -> String {
    fn host(target: &str) -> &str {
        let host = target.rsplit_once('@').map_or(target, |(_, host)| host);
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        }
    }
    let alike = all.iter().filter(|other| host(other) == host(target));
    if alike.count() > 1 {
        target.to_owned()
    } else {
        host(target).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_tell_hosts_apart() {
        let check = |all: &[&str], expected: &[&str]| {
            let labels: Vec<String> = all.iter().map(|target| label(target, all)).collect();
            assert_eq!(labels, expected);
        };
        check(&["a@web1", "a@web2:2222"], &["web1", "web2"]);
        check(
            &["a@web1", "b@web1", "a@web2"],
            &["a@web1", "b@web1", "web2"],
        );
        check(&["a@[::1]:22", "a@[::2]"], &["[::1]", "[::2]"]);
    }
}
