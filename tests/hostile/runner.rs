//! How a case is run.

use capstep_grants::check::Rule;
use capstep_tests::hostile;
use capstep_tests::journal;
use capstep_tests::program::Ran;
use serde_json::{Value, json};

use crate::place::{CANARY, Place};

/// A verb, a rule that stops it, and the two sets of calls.
pub(crate) struct Case {
    pub(crate) verb: &'static str,
    pub(crate) rule: Rule,
    pub(crate) denied: Attempt,
    pub(crate) granted: Attempt,
}

/// What a plugin does; the last call is the one that counts.
pub(crate) struct Attempt {
    pub(crate) flag: bool,
    pub(crate) calls: Vec<Value>,
}

pub(crate) fn case(
    verb: &'static str,
    rule: Rule,
    denied: Vec<Value>,
    granted: Vec<Value>,
) -> Case {
    let attempt = |calls| Attempt { flag: false, calls };
    Case {
        verb,
        rule,
        denied: attempt(denied),
        granted: attempt(granted),
    }
}

/// The same calls, which another input switches on.
pub(crate) fn switched(verb: &'static str, calls: Vec<Value>) -> Case {
    Case {
        verb,
        rule: Rule::AccessOff,
        denied: Attempt {
            flag: false,
            calls: calls.clone(),
        },
        granted: Attempt { flag: true, calls },
    }
}

/// A call.
pub(crate) fn call(method: &str, params: Value) -> Value {
    json!({ "method": method, "params": params })
}

/// A call whose answer later ones name.
pub(crate) fn named(name: &str, method: &str, params: Value) -> Value {
    json!({ "method": method, "params": params, "as": name })
}

/// Waits for the operation of that name.
pub(crate) fn wait(name: &str) -> Value {
    call("local/wait", json!({ "op": format!("${name}") }))
}

/// Runs all cases at a place of their own.
#[track_caller]
pub(crate) fn run(cases: Vec<Case>) {
    run_at(&Place::new(), cases);
}

/// Runs all cases, each twice, and names those that went otherwise.
#[track_caller]
pub(crate) fn run_at(place: &Place, cases: Vec<Case>) {
    let mut wrong = Vec::new();
    let only = std::env::var("CASE").ok();
    for case in cases {
        let title = format!("{} {}", case.verb, case.rule.word());
        if only
            .as_ref()
            .is_some_and(|only| !title.contains(only.as_str()))
        {
            continue;
        }
        if let Err(why) = denied(place, &case) {
            wrong.push(format!("── {title}, without the grant: {why}"));
        }
        if let Err(why) = granted(place, &case) {
            wrong.push(format!("── {title}, with the grant: {why}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} went otherwise\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Denied: exit 3, the rule and the verb in the journal, and the plugin was told.
fn denied(place: &Place, case: &Case) -> Result<(), String> {
    let (ran, answers) = attempt(place, &case.denied)?;
    if ran.code() != 3 {
        return Err(format!(
            "exit code {}, answers {}\n{}",
            ran.code(),
            json!(answers),
            ran.stderr
        ));
    }
    let journal = place.project.journal();
    let rules: Vec<String> = journal
        .iter()
        .filter(|record| record.phase() == "denied")
        .map(|record| format!("{} {}", record.verb(), record.rule().unwrap_or_default()))
        .collect();
    let expected = format!("{} {}", case.verb, case.rule.word());
    if rules != [expected.as_str()] {
        return Err(format!("the journal has the denials {rules:?}"));
    }
    if !ran.text().contains(case.rule.word()) {
        return Err(format!("nobody is told the rule:\n{}", ran.text()));
    }
    Ok(())
}

/// Granted: exit 0 and no error in any answer.
fn granted(place: &Place, case: &Case) -> Result<(), String> {
    let (ran, answers) = attempt(place, &case.granted)?;
    let failed: Vec<&Value> = answers
        .iter()
        .filter(|answer| answer.get("error").is_some())
        .collect();
    if ran.code() != 0 || !failed.is_empty() || answers.is_empty() {
        return Err(format!(
            "exit code {}, errors {failed:?}\n{}",
            ran.code(),
            ran.text()
        ));
    }
    let journal = place.project.journal();
    if let Some(denied) = journal.iter().find(|record| record.phase() == "denied") {
        return Err(format!("something was denied: {}", denied.0));
    }
    Ok(())
}

/// Plans and runs; gives the answers that the plugin got.
fn attempt(place: &Place, attempt: &Attempt) -> Result<(Ran, Vec<Value>), String> {
    place.project.write(
        "capstep.yml",
        place.pipeline(attempt.flag, &json!(attempt.calls)),
    );
    let plan = place.project.plan(&[]);
    let secrets = place.secrets();
    let mut arguments = vec!["run", "--format", "json"];
    arguments.extend(secrets.iter().map(String::as_str));
    let ran = place.project.capstep(&arguments);
    if ran.text().contains(CANARY) {
        return Err(format!("the secret shows:\n{}", ran.text()));
    }
    if ran.code() == 2 {
        return Err(format!("the pipeline is refused:\n{}", ran.text()));
    }
    journal::assert_planned(&plan, &place.project.journal());
    let answers = hostile::answers(&ran);
    Ok((ran, answers))
}
