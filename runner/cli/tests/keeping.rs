//! What keeps a machine in order: `doctor`, `gc`, and the texts for shells and manuals.

#![allow(clippy::unwrap_used, reason = "a test ends where it can't go on")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// A machine of its own: a project, state and a cache.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::create_dir(machine.path("project")).unwrap();
        let pipeline = "version: 1\njobs: { a: { steps: [ { uses: noop } ] } }\n";
        fs::write(machine.path("project/capstep.yml"), pipeline).unwrap();
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capstep"));
        command
            .current_dir(self.path("project"))
            .args(arguments)
            .env_clear()
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_CACHE_HOME", self.path("cache"));
        command.output().unwrap()
    }

    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn runs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("state/capstep/runs")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }
}

#[test]
fn doctor_changes_nothing_and_finds_what_is_wrong() {
    let machine = Machine::new();
    let doctor = ["doctor", "--format", "json"];
    assert_eq!(machine.json(&doctor, 0)["healthy"], true);
    assert!(!machine.path("state").exists() && !machine.path("cache").exists());

    let cache = machine.path("cache/capstep");
    fs::create_dir_all(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    let found = machine.json(&doctor, 4);
    let problems: Vec<&Value> = found["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["state"] == "problem")
        .collect();
    assert_eq!(problems.len(), 1, "{found}");
    assert_eq!(problems[0]["name"], "compile cache");
    let text = machine.run(&["doctor"]);
    assert_eq!(text.status.code(), Some(4));
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("hint: chmod 0700"), "{text}");
    // What doctor calls a problem is one: a run refuses as well.
    assert_eq!(machine.run(&["run"]).status.code(), Some(4));
}

#[test]
fn gc_removes_what_is_asked_for_and_nothing_that_lives() {
    let machine = Machine::new();
    for _ in 0..3 {
        assert!(machine.run(&["run"]).status.success());
    }
    assert_eq!(
        machine.json(&["gc", "--format", "json"], 0)["removed"],
        Value::Array(Vec::new())
    );
    let all = [
        "gc",
        "--keep",
        "0",
        "--older-than",
        "0d",
        "--cache-size",
        "0B",
        "--format",
        "json",
    ];
    let mut dry = all.to_vec();
    dry.push("--dry-run");
    let removed = machine.json(&dry, 0);
    // Three runs, and the plugin that they used.
    assert_eq!(removed["removed"].as_array().unwrap().len(), 4, "{removed}");
    assert!(removed["bytes"].as_u64().unwrap() > 0);
    let runs = machine.runs();
    assert_eq!(runs.len(), 3);

    // One of them lives: its lock is held.
    let lock = fs::File::open(
        machine
            .path("state/capstep/runs")
            .join(&runs[0])
            .join("lock"),
    )
    .unwrap();
    lock.lock().unwrap();
    machine.json(&all, 0);
    assert_eq!(machine.runs(), runs[..1]);
    drop(lock);
    machine.json(&all, 0);
    assert!(machine.runs().is_empty());
    assert!(machine.run(&["run"]).status.success());
}

/// The names of the entries that a project's runs have cached, in this machine's only store.
fn cached(machine: &Machine) -> Vec<String> {
    let caches = machine.path("cache/capstep/caches");
    let projects = fs::read_dir(caches).unwrap();
    let mut projects = projects.map(|entry| entry.unwrap().path());
    let project = projects.find(|path| path.is_dir()).unwrap();
    let entries = fs::read_dir(project.join("trusted")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn gc_removes_caches_by_age_and_size() {
    let machine = Machine::new();
    let pipeline = "version: 1\nvars: { KEY: }\njobs:\n  a:\n    cache: { paths: lib, key: \"${{ vars.KEY }}\" }\n    steps: [{ uses: noop }]\n";
    fs::write(machine.path("project/capstep.yml"), pipeline).unwrap();
    fs::create_dir(machine.path("project/lib")).unwrap();
    fs::write(machine.path("project/lib/file"), vec![b'x'; 100_000]).unwrap();
    for key in ["KEY=a", "KEY=b"] {
        assert!(machine.run(&["run", "--var", key]).status.success());
    }
    let both = cached(&machine);
    assert_eq!(both.len(), 2);
    let gc = |more: &[&str]| {
        let mut arguments = vec!["gc", "--format", "json"];
        arguments.extend(more);
        let removed = machine.json(&arguments, 0);
        let list = removed["removed"].as_array().unwrap().clone();
        for one in &list {
            assert!(one["bytes"].as_u64().unwrap() > 0 || one["kind"] == "leftover");
        }
        let kinds = list
            .iter()
            .map(|one| one["kind"].as_str().unwrap().to_owned());
        kinds.collect::<Vec<String>>()
    };
    assert_eq!(gc(&[]), [""; 0]);
    assert_eq!(gc(&["--caches-size", "150kB", "--dry-run"]), ["cached"]);
    assert_eq!(cached(&machine), both, "it was only asked");
    assert_eq!(gc(&["--caches-size", "150kB"]), ["cached"]);
    assert_eq!(cached(&machine).len(), 1);
    // What a killed run left is told by its lock.
    let store = machine.path("cache/capstep/caches");
    let mut projects = fs::read_dir(&store)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let store = projects.find(|path| path.is_dir()).unwrap().join("trusted");
    fs::create_dir(store.join(".new-0000")).unwrap();
    let held = fs::File::open(store.join(".new-0000")).unwrap();
    held.lock().unwrap();
    assert_eq!(gc(&[]), [""; 0]);
    drop(held);
    assert_eq!(gc(&["--caches-unused", "1h"]), ["leftover"]);
    let text = machine.run(&["gc", "--caches-unused", "0s"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("cached    /"), "{text}");
    assert!(
        text.ends_with("1 cache: 100.0 KiB\n") || text.contains(", 1 cache: "),
        "{text}"
    );
    assert!(cached(&machine).is_empty());
}

#[test]
fn shells_and_manuals_get_their_texts() {
    let machine = Machine::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = machine.run(&["completions", shell]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("capstep") && text.contains("dry-run"));
    }
    let page = machine.run(&["man"]);
    assert!(
        String::from_utf8(page.stdout)
            .unwrap()
            .contains(".SH SYNOPSIS")
    );
    fs::create_dir(machine.path("project/man")).unwrap();
    assert!(machine.run(&["man", "man"]).status.success());
    for name in ["capstep.1", "capstep-run.1", "capstep-plugin-inspect.1"] {
        let page = machine.path("project/man").join(name);
        assert!(page.exists(), "{name}");
    }
    let none = machine.run(&["man", "nowhere"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(
        String::from_utf8(none.stderr)
            .unwrap()
            .contains("`nowhere` is no folder")
    );
}
