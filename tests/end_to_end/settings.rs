//! Every option of `env-setup`, by what is in the file in the end (S1).

use std::os::unix::fs::PermissionsExt as _;

use capstep_tests::hostile::canary;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use serde_json::Value;

const SECRET: &str = "cnry-60c1f97a2be4";

fn project(with: &str) -> Project {
    Project::new(&format!(
        "version: 1\nsecrets: [CANARY]\njobs:\n  only:\n    steps:\n      - uses: env-setup\n        with: {{ file: conf/.env, {with} }}\n"
    ))
}

fn run(project: &Project) -> Ran {
    let secret = canary(project, SECRET);
    project
        .capstep(&["run", "--format", "json", &secret])
        .never_says(SECRET)
}

/// The file that comes of it, and its permission bits.
#[track_caller]
fn written(with: &str) -> (String, u32) {
    let project = project(with);
    run(&project).expect(0);
    let mode = std::fs::metadata(project.path("conf/.env")).unwrap();
    (project.read("conf/.env"), mode.permissions().mode() & 0o777)
}

/// Nothing is written, and the step says why.
#[track_caller]
fn refused(with: &str, says: &str) {
    let project = project(with);
    run(&project).expect(1).says(says);
    assert!(
        !project.path("conf").exists(),
        "{with}: something was written"
    );
}

#[test]
fn what_is_in_the_file() {
    let plain = "vars: { ONE: \"two words\", EMPTY: \"\" }";
    let text = |with: &str| written(with).0;
    assert_eq!(text(plain), "ONE='two words'\nEMPTY=\n");
    assert_eq!(
        text(&format!("{plain}, format: docker")),
        "ONE=two words\nEMPTY=\n"
    );
    assert_eq!(
        text(&format!("{plain}, format: shell")),
        "ONE='two words'\nEMPTY=''\n"
    );
    let json: Value = serde_json::from_str(&text(&format!("{plain}, format: json"))).unwrap();
    assert_eq!(json, serde_json::json!({ "ONE": "two words", "EMPTY": "" }));
    assert!(text(&format!("{plain}, header: made by a test")).starts_with("# made by a test\n"));
    let form = "vars: { KEY: \"one\\r\\ntwo\\r\\n\" }";
    assert_eq!(text(form), "KEY='one\ntwo\n'\n");
    assert_eq!(
        text(&format!("{form}, strip-cr: false")),
        "KEY='one\r\ntwo\r\n'\n"
    );
}

#[test]
fn who_may_read_it() {
    let plain = "vars: { A: b }";
    assert_eq!(written(plain).1, 0o600);
    assert_eq!(written(&format!("{plain}, mode: \"0644\"")).1, 0o644);
    assert_eq!(written(&format!("{plain}, mode: \"640\"")).1, 0o640);
    // With a secret in it nobody else, whatever is asked for.
    let secret = "vars: { A: b, KEY: \"x ${{ secrets.CANARY }}\" }";
    let (text, mode) = written(&format!("{secret}, mode: \"0644\""));
    assert_eq!(
        (text.as_str(), mode),
        (format!("A=b\nKEY='x {SECRET}'\n").as_str(), 0o600)
    );
}

#[test]
fn what_is_asked_of_the_values() {
    refused("vars: { A: b }, required: [A, B]", "B");
    refused("vars: { A: \"\" }, required: [A]", "A");
    refused("vars: { A: \"\" }, allow-empty: false", "A");
    let schema = "schema: { PORT: { type: port }, REGION: { pattern: \"[a-z]{2}-[a-z]+-[0-9]\" }, STAGE: { values: [test, live] } }";
    let good = "PORT: \"8080\", REGION: eu-west-1, STAGE: live";
    written(&format!("vars: {{ {good}, MORE: x }}, {schema}"));
    for (bad, name) in [
        ("PORT: \"80800\"", "PORT"),
        ("REGION: europe", "REGION"),
        ("STAGE: production", "STAGE"),
    ] {
        refused(&format!("vars: {{ {bad} }}, {schema}"), name);
    }
    refused(
        &format!("vars: {{ {good}, MORE: x }}, {schema}, deny-unknown: true"),
        "MORE",
    );
    written(&format!("vars: {{ {good} }}, {schema}, deny-unknown: true"));
    // A format that can't hold a value says so.
    refused("vars: { A: \"one\\ntwo\" }, format: docker", "A");
}

#[test]
fn what_it_gives() {
    let project = project("vars: { A: b, C: d }");
    let outputs = || {
        let ran = run(&project).expect(0);
        let mut events = ran
            .stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let finished = events.find(|event| event["event"] == "step-finished");
        finished.unwrap()["outputs"].take()
    };
    let first = outputs();
    assert_eq!(
        first,
        serde_json::json!({ "file": "conf/.env", "entries": 2, "changed": true })
    );
    assert_eq!(outputs()["changed"], false);
}

/// What a killed run left of the file, with secrets in it, goes with the next one; a name of somebody else's stays.
#[test]
fn what_killed_runs_left_is_removed() {
    let project = project("vars: { KEY: \"${{ secrets.CANARY }}\" }");
    let left = "conf/..env.0123456789abcdef0123456789abcdef";
    let other = "conf/..env.0123456789abcdef";
    for name in [left, other] {
        project.write(name, format!("KEY='{SECRET}'\n"));
    }
    run(&project).expect(0);
    assert!(!project.path(left).exists(), "`{left}` is still there");
    assert!(project.path(other).exists(), "`{other}` is gone");
    assert!(project.read("conf/.env").contains(SECRET));
}
