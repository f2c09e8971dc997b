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
