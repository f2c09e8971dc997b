//! Values that last between runs: what comes back, for whom, and what is never kept.

use capstep_tests::hostile;
use capstep_tests::journal::assert_planned;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use serde_json::{Value, json};

use crate::place::CANARY;
use crate::runner::call;

const INPUTS: &str = r#"
[inputs.kept]
type = "state"
access = ["read", "write"]
[inputs.other]
type = "state"
access = ["read"]
[inputs.site]
type = "url"
[inputs.token]
type = "secret"
sink = "http-header(site)"
"#;

const WITH: &str = "          kept: releases\n          other: images\n          site: http://127.0.0.1:9/\n          \
                    token: \"${{ secrets.CANARY }}\"\n";

/// Makes the calls in a project; `environment` is a line of its job.
fn run(project: &Project, environment: &str, calls: &[Value]) -> (Ran, Vec<Value>) {
    let pipeline = hostile::pipeline(WITH, &json!(calls));
    let pipeline = pipeline.replacen("    steps:", &format!("{environment}    steps:"), 1);
    project.write("capstep.yml", &pipeline);
    let secret = hostile::canary(project, CANARY);
    let plan = project.plan(&[]);
    let ran = project.capstep(&["run", "--format", "json", &secret]);
    assert_planned(&plan, &project.journal());
    let answers = hostile::answers(&ran);
    (ran, answers)
}

fn project() -> Project {
    hostile::project(INPUTS, WITH, &json!([]))
}

fn get(name: &str) -> Value {
    call("state/get", json!({ "input": "/kept", "name": name }))
}

fn set(name: &str, value: &str) -> Value {
    let params = json!({ "input": "/kept", "name": name, "value": value });
    call("state/set", params)
}

#[test]
fn values_come_back_in_later_runs() {
    let project = project();
    let names = || call("state/names", json!({ "input": "/kept" }));
    let (ran, answers) = run(
        &project,
        "",
        &[
            get("last"),
            set("last", "v1\n"),
            set("first", ""),
            get("last"),
        ],
    );
    assert_eq!(ran.code(), 0, "{}", ran.text());
    assert_eq!(
        json!(answers),
        json!([{ "ok": null }, { "ok": null }, { "ok": null }, { "ok": "v1\n" }])
    );
    let remove = call("state/remove", json!({ "input": "/kept", "name": "first" }));
    let elsewhere = call("state/get", json!({ "input": "/other", "name": "last" }));
    let (_, answers) = run(
        &project,
        "",
        &[names(), get("last"), remove, names(), elsewhere],
    );
    assert_eq!(
        json!(answers),
        json!([{ "ok": ["first", "last"] }, { "ok": "v1\n" }, { "ok": null }, { "ok": ["last"] }, { "ok": null }])
    );
}

#[test]
fn environments_and_projects_have_their_own() {
    let project = project();
    let environments = [
        "",
        "    environment: production\n",
        "    environment: staging\n",
        "    environment: none\n",
    ];
    for (number, environment) in environments.iter().enumerate() {
        let (ran, answers) = run(
            &project,
            environment,
            &[get("last"), set("last", &number.to_string())],
        );
        assert_eq!(ran.code(), 0, "{}", ran.text());
        assert_eq!(answers[0], json!({ "ok": null }), "{environment}");
    }
    for (number, environment) in environments.iter().enumerate() {
        let (_, answers) = run(&project, environment, &[get("last")]);
        assert_eq!(
            answers[0],
            json!({ "ok": number.to_string() }),
            "{environment}"
        );
    }
    // Another project, of which the state lies in the same folder.
    let pipeline = std::fs::read_to_string(project.path("capstep.yml")).unwrap();
    let renamed = pipeline.replacen("version: 1\n", "version: 1\nname: another\n", 1);
    assert_ne!(renamed, pipeline);
    project.write("capstep.yml", &renamed);
    let secret = hostile::canary(&project, CANARY);
    let ran = project.capstep(&["run", "--format", "json", &secret]);
    assert_eq!(
        hostile::answers(&ran)[0],
        json!({ "ok": null }),
        "{}",
        ran.text()
    );
}

#[test]
fn secrets_and_what_is_too_large_are_not_kept() {
    let project = project();
    let placeholder = "capstep:secret:00112233445566778899aabbccddeeff";
    let calls = [
        set("n", &format!("a {CANARY}")),
        set(CANARY, "x"),
        set("n", &format!("a {placeholder} b")),
        set("n", &"x".repeat(64 * 1024 + 1)),
        set(&"n".repeat(129), "x"),
        set("", "x"),
        set("a\nb", "x"),
        call("state/names", json!({ "input": "/kept" })),
        set("n", &"x".repeat(64 * 1024)),
    ];
    let (ran, answers) = run(&project, "", &calls);
    assert_eq!(ran.code(), 0, "{}", ran.text());
    let kinds: Vec<&str> = answers
        .iter()
        .map(|answer| answer["error"]["kind"].as_str().unwrap_or("ok"))
        .collect();
    let invalid = "invalid";
    assert_eq!(
        kinds,
        [
            invalid,
            invalid,
            invalid,
            "too-large",
            invalid,
            invalid,
            invalid,
            "ok",
            "ok"
        ],
        "{}",
        json!(answers)
    );
    assert_eq!(answers[7], json!({ "ok": [] }));
    // The value is in no record of the run.
    let said = project
        .journal()
        .iter()
        .map(|record| record.0.to_string())
        .collect::<String>();
    assert!(
        said.contains("state/set") && !said.contains(&"x".repeat(100)),
        "{said}"
    );
}

#[test]
fn a_damaged_file_is_told_and_left() {
    let project = project();
    let (_, answers) = run(&project, "", &[set("last", "v1")]);
    assert_eq!(answers[0], json!({ "ok": null }));
    let found = std::process::Command::new("find")
        .arg(project.dir.path())
        .args(["-path", "*/values/none.json"])
        .output()
        .unwrap();
    let path = String::from_utf8(found.stdout).unwrap().trim().to_owned();
    std::fs::write(&path, "{").unwrap();
    let (_, answers) = run(&project, "", &[get("last"), set("last", "v2")]);
    for answer in &answers {
        let error = &answer["error"];
        let message = error["message"].as_str().unwrap();
        assert_eq!(error["kind"], "internal", "{error}");
        assert!(
            message.contains("are damaged") && message.contains(&path),
            "{message}"
        );
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{");
}
