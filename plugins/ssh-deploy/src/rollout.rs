//! What came of the hosts: after a failure one must know which have the new version already.

use capstep_sdk::Failure;
use serde_json::{Value, json};

use crate::outputs::{HostResult, Outputs};

/// The hosts and their results so far.
pub(crate) struct Rollout<'a> {
    targets: &'a [&'a str],
    results: Vec<(usize, Result<HostResult, Failure>)>,
}

impl<'a> Rollout<'a> {
    pub(crate) fn of(targets: &'a [&'a str]) -> Self {
        Self {
            targets,
            results: Vec::new(),
        }
    }

    /// What a host's deployment ended in.
    pub(crate) fn ended(&mut self, index: usize, result: Result<HostResult, Failure>) {
        self.results.push((index, result));
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.results.iter().any(|(_, result)| result.is_err())
    }

    /// The outputs, or the first host's failure with what is to be known of the others.
    pub(crate) fn outcome(self) -> Result<Outputs, Failure> {
        let untouched = self.targets.len() - self.results.len();
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (index, result) in self.results {
            match result {
                Ok(result) => done.push(result),
                Err(failure) => {
                    failed.push((self.targets.get(index).copied().unwrap_or(""), failure))
                }
            }
        }
        let mut failed = failed.into_iter();
        let Some((target, first)) = failed.next() else {
            return Ok(done.into());
        };
        let others: Vec<(&str, Failure)> = failed.collect();
        Err(told(
            first,
            target,
            &others,
            &done,
            untouched,
            self.targets.len(),
        ))
    }
}

fn told(
    mut failure: Failure,
    target: &str,
    others: &[(&str, Failure)],
    done: &[HostResult],
    untouched: usize,
    all: usize,
) -> Failure {
    if all > 1 {
        let names: Vec<&str> = done.iter().map(|host| host.target.as_str()).collect();
        let names = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        let mut also = String::new();
        if !others.is_empty() {
            let names: Vec<&str> = others.iter().map(|(target, _)| *target).collect();
            also = format!("also failed: {}; ", names.join(", "));
        }
        failure.message = format!(
            "{} ({also}deployed: {names}; not reached: {untouched})",
            failure.message
        );
    }
    let cause = |failure: &Failure| {
        let details = failure.details.as_ref()?;
        serde_json::from_str::<Value>(details).ok()
    };
    let also: Vec<Value> = others
        .iter()
        .map(|(target, failure)| {
            json!({ "target": target, "message": failure.message, "cause": cause(failure) })
        })
        .collect();
    let mut details = json!({ "failed": target, "deployed": done, "cause": cause(&failure) });
    if let (false, Some(details)) = (also.is_empty(), details.as_object_mut()) {
        details.insert("also-failed".to_owned(), also.into());
    }
    failure.with_details(&details)
}
