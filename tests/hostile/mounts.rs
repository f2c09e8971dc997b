//! A folder that is handed over by `mount` is seen as it is, without a verb in between: what no step may see must not be
//! in it when the step starts.

use capstep_tests::hostile;
use capstep_tests::journal::assert_planned;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use serde_json::{Value, json};

use crate::runner::call;

const INPUTS: &str = "[inputs.folder]\ntype = \"path\"\naccess = [\"mount\"]\n";

/// A step that is handed `data/` and reads these files by itself.
fn project(paths: &[&str]) -> Project {
    let calls: Vec<Value> = paths
        .iter()
        .map(|path| call("local/read", json!({ "path": path })))
        .collect();
    let project = hostile::project(INPUTS, "          folder: data/\n", &json!(calls));
    project.write("data/a.txt", "hello\n");
    project.write("data/sub/b.txt", "deeper\n");
    project
}

/// Runs it; gives the answers too, where the plugin was run at all.
fn run(project: &Project) -> (Ran, Option<Vec<Value>>) {
    let plan = project.plan(&[]);
    let ran = project.capstep(&["run", "--format", "json"]);
    assert_planned(&plan, &project.journal());
    let answers = ran
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|event| event["outputs"]["answers"].as_array().cloned());
    (ran, answers)
}

#[test]
fn a_mounted_folder_is_seen_and_nothing_beside_it() {
    let project = project(&[
        "/data/a.txt",
        "/data/sub/b.txt",
        "/data/../capstep.yml",
        "/data/up/capstep.yml",
    ]);
    std::os::unix::fs::symlink("..", project.path("data/up")).unwrap();
    let (ran, answers) = run(&project);
    let (_, answers) = (ran.expect(0), answers.unwrap());
    assert_eq!(answers[0], json!({ "ok": "hello\n" }));
    assert_eq!(answers[1], json!({ "ok": "deeper\n" }));
    for outside in &answers[2..] {
        assert!(outside.get("error").is_some(), "{answers:?}");
    }
}

#[test]
fn a_repository_in_a_mounted_folder_is_refused_before_the_plugin_starts() {
    // A nested clone has a folder, a submodule or a worktree has a file of that name.
    for inside in [
        "data/.git/config",
        "data/sub/deep/.git/config",
        "data/sub/.git",
    ] {
        let guest = format!("/{inside}");
        let project = project(&[&guest]);
        project.write(inside, "[remote]\n");
        let (ran, answers) = run(&project);
        assert_ne!(ran.code(), 0, "{inside}: {}", ran.text());
        assert_eq!(answers, None, "{inside}: the plugin was run");
        ran.says(".git").says("no step may see");
        // Without it, the same step works.
        let repository = &inside[..inside.find(".git").unwrap() + 4];
        let path = project.path(repository);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
        let (ran, answers) = run(&project);
        ran.expect(0);
        assert!(answers.unwrap()[0].get("error").is_some(), "{inside}");
    }
}
