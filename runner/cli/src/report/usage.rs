//! What a run did with its authority, counted from its journal: which grants and secrets were used, how often and for
//! what, and which effects were begun and never confirmed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, BufRead};

use capstep_engine::StepRef;
use capstep_grants::plan::StepPlan;
use serde::Deserialize;

/// How many things one grant may have designated are told: a list from an earlier step may be long.
const THINGS: usize = 10;

/// The use of a run's authority.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// How many records the journal has.
    pub(super) records: u64,
    /// How many of them could not be read.
    pub(super) unreadable: u64,
    steps: HashMap<StepRef, StepUsage>,
}

/// The use of a step's.
#[derive(Debug, Default)]
pub(super) struct StepUsage {
    /// By the input's pointer.
    grants: BTreeMap<String, GrantUsage>,
    /// How many calls used a secret, by its name.
    pub(super) secrets: BTreeMap<String, u64>,
    /// Effects that were begun and never confirmed, by attempt and call, with their verb.
    pub(super) in_doubt: BTreeMap<(u32, u64), String>,
}

/// The use of a grant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GrantUsage {
    /// How often, by verb.
    pub(super) verbs: BTreeMap<String, u64>,
    /// What it designated then; the first few.
    pub(super) things: BTreeSet<String>,
}

/// A record, as far as it is counted.
#[derive(Deserialize)]
struct Record {
    job: String,
    /// None where the job itself did it: that is no step's authority.
    #[serde(default)]
    step: Option<usize>,
    attempt: u32,
    call: u64,
    phase: String,
    verb: String,
    #[serde(default)]
    grants: Vec<Reference>,
    #[serde(default)]
    secrets: Vec<String>,
}

#[derive(Deserialize)]
struct Reference {
    pointer: String,
    authority: String,
}

impl Usage {
    /// Counts a journal.
    ///
    /// # Errors
    /// It could not be read to its end.
    pub(super) fn read(journal: impl BufRead) -> io::Result<Self> {
        let mut usage = Self::default();
        for line in journal.split(b'\n') {
            usage.records += 1;
            match serde_json::from_slice(&line?) {
                Ok(record) => usage.note(record),
                Err(_) => usage.unreadable += 1,
            }
        }
        Ok(usage)
    }

    /// A step's, where it did anything.
    pub(super) fn of(&self, at: &StepRef) -> Option<&StepUsage> {
        self.steps.get(at)
    }

    fn note(&mut self, record: Record) {
        let Some(step) = record.step else {
            return;
        };
        let at = StepRef {
            job: record.job,
            step,
        };
        let step = self.steps.entry(at).or_default();
        let key = (record.attempt, record.call);
        match record.phase.as_str() {
            // An effect that changes something has two records, and is counted once.
            "outcome" => {
                step.in_doubt.remove(&key);
                return;
            }
            "intent" => {
                step.in_doubt.insert(key, record.verb.clone());
            }
            "read" | "granted" => {}
            _ => return,
        }
        for secret in record.secrets {
            *step.secrets.entry(secret).or_default() += 1;
        }
        for reference in record.grants {
            let grant = step.grants.entry(reference.pointer).or_default();
            *grant.verbs.entry(record.verb.clone()).or_default() += 1;
            if grant.things.len() < THINGS {
                grant.things.insert(reference.authority);
            }
        }
    }
}

impl StepUsage {
    /// The use of the plan's grant with this pointer: its own, and that of what a value known only at run time had below it.
    pub(super) fn of(&self, pointer: &str) -> GrantUsage {
        let mut sum = GrantUsage::default();
        for (_, grant) in self.grants.iter().filter(|(own, _)| covers(pointer, own)) {
            for (verb, times) in &grant.verbs {
                *sum.verbs.entry(verb.clone()).or_default() += times;
            }
            sum.things.extend(grant.things.iter().cloned());
        }
        sum
    }

    /// What was used and is in no line of the plan. There is none, unless one of the two is not of this run.
    pub(super) fn unplanned(&self, plan: &StepPlan) -> impl Iterator<Item = (&str, &GrantUsage)> {
        let planned = move |pointer: &str| {
            let mut grants = plan.authority.iter();
            grants.any(|grant| covers(&grant.pointer, pointer))
        };
        self.grants
            .iter()
            .filter(move |(pointer, _)| !planned(pointer.as_str()))
            .map(|(pointer, usage)| (pointer.as_str(), usage))
    }
}

impl GrantUsage {
    /// How often it was used.
    pub(super) fn times(&self) -> u64 {
        self.verbs.values().sum()
    }
}

/// Whether a pointer is another one, or below it.
fn covers(above: &str, pointer: &str) -> bool {
    let rest = pointer.strip_prefix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_counted_once() {
        let record = |step, call, phase, verb, pointer| {
            format!(
                r#"{{"version":1,"job":"a","step":{step},"attempt":1,"call":{call},"phase":"{phase}","verb":"{verb}","grants":[{{"pointer":"{pointer}","authority":".env","place":{{}}}}],"secrets":["TOKEN"]}}"#
            )
        };
        let journal = [
            record(1, 1, "intent", "files/write", "/file"),
            record(1, 1, "outcome", "files/write", "/file"),
            record(1, 2, "read", "files/read", "/file"),
            record(1, 3, "denied", "files/read", "/file"),
            record(1, 4, "intent", "ssh/script", "/targets/0"),
            "{".to_owned(),
        ];
        let usage = Usage::read(journal.join("\n").as_bytes()).unwrap();
        assert_eq!((usage.records, usage.unreadable), (6, 1));
        let step = |step| {
            usage.of(&StepRef {
                job: "a".into(),
                step,
            })
        };
        assert!(step(2).is_none());
        let step = step(1).unwrap();
        let check = |pointer, expected| assert_eq!(step.of(pointer).times(), expected, "{pointer}");
        check("/file", 2);
        check("/fil", 0);
        check("/targets", 1);
        check("/targets/0", 1);
        check("/targets/1", 0);
        assert_eq!(step.secrets.get("TOKEN"), Some(&3));
        assert_eq!(
            step.in_doubt.values().collect::<Vec<_>>(),
            ["ssh/script"],
            "begun, never confirmed"
        );
    }
}
