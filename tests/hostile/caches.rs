//! Caches: what a step would have to do to put something into another run's way, and that it can't.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use capstep_tests::hostile;
use capstep_tests::journal::assert_planned;
use capstep_tests::program::Ran;
use capstep_tests::project::Project;
use serde_json::{Value, json};

use crate::runner::call;

const INPUTS: &str = r#"
[inputs.folder]
type = "path"
access = ["read", "write"]
"#;

/// The whole workspace: no grant of a path is wider.
const WITH: &str = "          folder: .\n";

const CACHE: &str = "    cache: { paths: [lib, out], key: k, fallback-keys: k }\n";

/// A project whose only step makes these calls, with a cache folder of its own.
fn project(cache: &str) -> Project {
    let mut project = hostile::project(INPUTS, WITH, &json!([]));
    let folder = project.dir.path().join(cache);
    let folder = folder.to_str().unwrap().to_owned();
    let variable = ("XDG_CACHE_HOME".to_owned(), folder);
    project.environment.push(variable);
    project
}

fn run(project: &Project, more: &[&str], calls: &[Value]) -> Ran {
    let pipeline = hostile::pipeline(WITH, &json!(calls));
    let pipeline = pipeline.replacen("    steps:", &format!("{CACHE}    steps:"), 1);
    project.write("capstep.yml", &pipeline);
    let plan = project.plan(&[]);
    let mut arguments = vec!["run"];
    arguments.extend(more);
    let ran = project.capstep(&arguments);
    assert_planned(&plan, &project.journal());
    ran
}

fn write(path: &str) -> Value {
    let params = json!({ "input": "/folder", "entry": path, "content": "dGV4dA==", "options": {} });
    call("files/write", params)
}

/// The folders of entries, those of trusted runs and of others.
fn entries(project: &Project, kind: &str) -> Vec<PathBuf> {
    let caches = project.dir.path().join("cache/capstep/caches");
    let projects = fs::read_dir(caches)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut own = projects.filter(|path| path.is_dir());
    let folder = own.next().unwrap().join(kind);
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn an_untrusted_run_and_a_trusted_one_never_meet() {
    let project = project("cache");
    let clear = || {
        let _ = fs::remove_dir_all(project.path("lib"));
    };
    // What an untrusted run keeps under the very key, and by its beginning, a trusted one doesn't find.
    run(&project, &["--untrusted"], &[write("lib/poison")])
        .expect(0)
        .says("cache `k`: saved lib, out");
    clear();
    let ran = run(&project, &[], &[]).expect(0);
    ran.says("cache `k`: nothing is kept yet");
    assert!(!project.path("lib").exists());
    // And the other way round.
    run(&project, &[], &[write("lib/ours")])
        .expect(0)
        .says("cache `k`: saved lib, out");
    clear();
    run(&project, &["--untrusted"], &[])
        .expect(0)
        .says("cache `k`: restored lib, out");
    assert!(project.path("lib/poison").exists());
    clear();
    run(&project, &[], &[]).expect(0);
    assert!(project.path("lib/ours").exists() && !project.path("lib/poison").exists());
    assert_eq!(entries(&project, "trusted").len(), 1);
    assert_eq!(entries(&project, "untrusted").len(), 1);
}

#[test]
fn no_step_reaches_the_cache_folder() {
    let project = project("cache");
    run(&project, &[], &[write("lib/ours")]).expect(0);
    let entry = entries(&project, "trusted").remove(0);
    let before = fs::read(entry.join("content.tar")).unwrap();
    let absolute = entry.join("content.tar");
    let absolute = absolute.to_str().unwrap();
    symlink(project.dir.path().join("cache"), project.path("door")).unwrap();
    let name = entry.strip_prefix(project.dir.path()).unwrap();
    let name = name.to_str().unwrap();
    for path in [
        absolute.to_owned(),
        format!("../{name}/content.tar"),
        format!("door/{}/content.tar", &name["cache/".len()..]),
    ] {
        run(&project, &[], &[write(&path)]).expect(3);
        assert_eq!(
            fs::read(entry.join("content.tar")).unwrap(),
            before,
            "{path}"
        );
    }
}

#[test]
fn a_cache_folder_that_a_grant_could_reach_is_not_used() {
    let project = project("project/.cache");
    let ran = run(&project, &[], &[write("lib/ours")]).expect(0);
    ran.says("lies in the pipeline's own folder, where steps could write");
    let caches = project.path(".cache/capstep/caches");
    let mut open = vec![caches];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            assert_ne!(path.file_name().unwrap(), "content.tar");
            if path.is_dir() {
                open.push(path);
            }
        }
    }
}

#[test]
fn what_a_step_leaves_at_a_cached_path_is_no_way_out() {
    let project = project("cache");
    let outside = project.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("key"), "not theirs").unwrap();
    // A link in the place of a path, and one in it.
    symlink(&outside, project.path("lib")).unwrap();
    let ran = run(&project, &[], &[]).expect(0);
    ran.says("not restored: `lib` is there already")
        .says("not saved: `lib` is a link to");
    fs::remove_file(project.path("lib")).unwrap();
    fs::create_dir(project.path("lib")).unwrap();
    symlink(outside.join("key"), project.path("lib/key")).unwrap();
    let ran = run(&project, &[], &[]).expect(0);
    ran.says("not saved: `lib/key` is a link to");
    assert!(entries(&project, "trusted").is_empty());
}
