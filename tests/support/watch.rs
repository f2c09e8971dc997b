//! Every run that a test starts is held against the plan that was printed before it, whatever else the test looks at.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::journal;
use crate::program::{Ran, capstep, start};

/// Options of `capstep run` that take a value, and whether `capstep plan` takes them as well.
const OPTIONS: [(&str, bool); 13] = [
    ("--var", true),
    ("--env-file", true),
    ("--event", true),
    ("--job", false),
    ("--jobs", false),
    ("--from", false),
    ("--only", false),
    ("--failed", false),
    ("--secret", false),
    ("--identity", false),
    ("--junit", false),
    ("--html", false),
    ("--format", false),
];

/// The plans that were printed in a project so far.
#[derive(Default, Clone)]
pub struct Plans(Arc<Mutex<Vec<Value>>>);

impl Plans {
    fn all(&self) -> Vec<Value> {
        let plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plans.clone()
    }
}

/// What a run is held against when it has ended.
pub struct Watch {
    state: PathBuf,
    before: BTreeSet<PathBuf>,
    plans: Plans,
    /// Whether there was a plan: without one nothing may be done.
    planned: bool,
}

impl Watch {
    /// Prints the plan of what is about to be run; none for another command than `run`.
    pub fn start(
        (folder, state): (&Path, &Path),
        environment: &[(String, String)],
        arguments: &[&str],
        plans: &Plans,
    ) -> Option<Self> {
        let mut command = capstep(folder, state, &of_plan(arguments)?);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let ran = start(&mut command).wait();
        let plan = (ran.code() == 0).then(|| serde_json::from_str(&ran.stdout).unwrap());
        let planned = plan.is_some();
        let mut known = plans.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(plan);
        Some(Self {
            state: state.to_owned(),
            before: journals(state),
            plans: plans.clone(),
            planned,
        })
    }

    /// Insists that whatever was done since was in a plan. (Runs of one project may take turns: the plan is that of one of
    /// them.)
    #[track_caller]
    pub fn check(self, ran: &Ran) {
        for path in journals(&self.state).difference(&self.before) {
            // One that goes on, or was killed, may be in the middle of a line.
            let journal = journal::read_killed(path);
            assert!(
                self.planned || journal.is_empty(),
                "something was done without a plan:\n{}",
                ran.text()
            );
            let wrong: Vec<String> = self
                .plans
                .all()
                .iter()
                .filter_map(|plan| journal::unplanned(plan, &journal))
                .collect();
            assert!(
                wrong.len() < self.plans.all().len() || journal.is_empty(),
                "not planned: {}\n{}",
                wrong.join("\n"),
                ran.text()
            );
        }
    }
}

/// The arguments of `capstep plan` for those of a run; none for other commands.
fn of_plan<'a>(arguments: &[&'a str]) -> Option<Vec<&'a str>> {
    let (first, mut rest) = arguments.split_first()?;
    if *first != "run" {
        return None;
    }
    let mut kept = vec!["plan", "--format", "json"];
    while let Some((argument, more)) = rest.split_first() {
        rest = more;
        let name = argument.split('=').next().unwrap_or(argument);
        let option = OPTIONS.iter().find(|(known, _)| *known == name);
        let value = match option {
            Some(_) if !argument.contains('=') => {
                let (value, more) = rest.split_first()?;
                rest = more;
                Some(*value)
            }
            _ => None,
        };
        // Flags are a run's own; what is no option is the file.
        if option.is_some_and(|(_, kept)| *kept) || !argument.starts_with('-') {
            kept.push(argument);
            kept.extend(value);
        }
    }
    Some(kept)
}

/// The journals below a state folder.
fn journals(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(journals(&entry.path()));
        } else if entry.file_name() == "journal.jsonl" {
            found.insert(entry.path());
        }
    }
    found
}

#[test]
fn a_plan_is_asked_for_as_the_run_is() {
    let check = |run: &[&str], expected: Option<&[&str]>| {
        let mut plan = vec!["plan", "--format", "json"];
        plan.extend(expected.unwrap_or_default());
        let found = of_plan(run);
        assert_eq!(found, expected.map(|_| plan), "{run:?}");
    };
    check(&["lint"], None);
    check(&[], None);
    check(&["run"], Some(&[]));
    check(
        &[
            "run",
            "--verbose",
            "--secret",
            "K=env:K",
            "--var=A=b",
            "--var",
            "C=d",
            "x.yml",
        ],
        Some(&["--var=A=b", "--var", "C=d", "x.yml"]),
    );
    check(&["run", "--format", "json", "--from", "a/2"], Some(&[]));
}
