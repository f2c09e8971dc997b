//! That every option, flag and exit code is in a case or a test. Whether a case says the right thing is for its reader;
//! that there is one is for this.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use capstep_grants::manifest::{Input, Kind};
use capstep_pipeline::{Node, Source, Value, parse_pipeline};
use capstep_tests::program::root;
use capstep_tests::project::Project;

use crate::{manifest, plugins};

fn cases() -> Vec<PathBuf> {
    let folders = fs::read_dir(root().join("tests/cases")).unwrap();
    folders.map(|entry| entry.unwrap().path()).collect()
}

/// The files below a folder that end like this.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

/// The names of an input and all that is in it: `upload`, `upload.from`.
fn options(input: &Input, path: &str, found: &mut BTreeSet<String>) {
    match &input.kind {
        Kind::List(part) | Kind::Map(part) => options(part, path, found),
        Kind::Record(fields) => {
            for field in fields {
                let path = format!("{path}.{}", field.name);
                options(field, &path, found);
                found.insert(path);
            }
        }
        _ => {}
    }
}

/// The same of those that a pipeline sets.
fn set(input: &Input, node: &Node, path: &str, found: &mut BTreeSet<String>) {
    found.insert(path.to_owned());
    match (&input.kind, &node.value) {
        (Kind::List(part), Value::List(items)) => {
            items.iter().for_each(|item| set(part, item, path, found));
        }
        // One stands for a list of one.
        (Kind::List(part), _) => set(part, node, path, found),
        (Kind::Map(part), Value::Map(entries)) => {
            entries
                .iter()
                .for_each(|(_, value)| set(part, value, path, found));
        }
        (Kind::Record(fields), Value::Map(entries)) => {
            for (name, value) in entries {
                if let Some(field) = fields.iter().find(|field| field.name == name.value) {
                    set(field, value, &format!("{path}.{}", field.name), found);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_option_of_a_built_in_plugin_is_set_by_a_case() {
    let mut missing = Vec::new();
    // Of cases whose pipeline has no mistake: an option in a broken one shows nothing of the option.
    let right: Vec<_> = cases()
        .iter()
        .filter(|case| fs::read_to_string(case.join("expected.exit")).unwrap_or_default() != "2\n")
        .flat_map(|case| files(case, "yml"))
        .filter_map(|file| {
            let source = Source::new("capstep.yml", fs::read_to_string(file).unwrap());
            parse_pipeline(&source).0
        })
        .collect();
    for name in plugins() {
        let manifest = manifest(&name);
        let (mut declared, mut found) = (BTreeSet::new(), BTreeSet::new());
        for input in &manifest.inputs {
            declared.insert(input.name.clone());
            options(input, &input.name, &mut declared);
        }
        let steps = right
            .iter()
            .flat_map(|pipeline| &pipeline.jobs)
            .flat_map(|job| job.steps.iter());
        for step in steps.filter(|step| step.uses.value == name) {
            let Some(Value::Map(with)) = step.with.as_ref().map(|node| &node.value) else {
                continue;
            };
            for (key, value) in with {
                if let Some(input) = manifest.inputs.iter().find(|input| input.name == key.value) {
                    set(input, value, &input.name, &mut found);
                }
            }
        }
        missing.extend(
            declared
                .difference(&found)
                .map(|option| format!("{name} {option}")),
        );
    }
    assert!(missing.is_empty(), "options that no case sets: {missing:?}");
}

/// The long options in a command's help.
fn flags(command: &[&str]) -> BTreeSet<String> {
    let mut arguments = command.to_vec();
    arguments.push("--help");
    let ran = Project::empty().capstep(&arguments).expect(0);
    let pattern = regex::Regex::new(r"(?m)^ +(?:-[A-Za-z], )?(--[a-z-]+)").unwrap();
    pattern
        .captures_iter(&ran.stdout)
        .map(|found| found[1].to_owned())
        .collect()
}

#[test]
fn every_flag_of_a_command_is_in_a_case() {
    let lines: Vec<String> = cases()
        .iter()
        .filter_map(|case| fs::read_to_string(case.join("command")).ok())
        .collect();
    let mut missing = Vec::new();
    for command in [
        &["run"][..],
        &["plan"],
        &["lint"],
        &["plugin", "list"],
        &["plugin", "inspect"],
        &["schema"],
    ] {
        let start = command.join(" ");
        let given: BTreeSet<&str> = lines
            .iter()
            .filter(|line| line.starts_with(&start))
            .flat_map(|line| line.split_whitespace())
            .collect();
        // These are the same for all commands, and have cases of their own.
        let common = ["--help", "--no-color"];
        for flag in flags(command) {
            if !given.contains(flag.as_str()) && !common.contains(&flag.as_str()) {
                missing.push(format!("{start} {flag}"));
            }
        }
    }
    for flag in flags(&[]) {
        let given = lines.iter().flat_map(|line| line.split_whitespace());
        // Help is as wide as the terminal that the tests run in, and is asserted by the program's own test.
        if flag != "--help" && !given.into_iter().any(|word| word == flag) {
            missing.push(flag);
        }
    }
    // `demo` is no case: what it prints is different each time. `demo.rs` sets it.
    assert!(flags(&["demo"]).contains("--verbose"));
    assert!(missing.is_empty(), "flags without a case: {missing:?}");
}

#[test]
fn every_exit_code_is_in_a_case_or_a_test() {
    let help = Project::empty().capstep(&["--help"]).expect(0).stdout;
    let (_, codes) = help.split_once("Exit codes:").unwrap();
    let codes: BTreeSet<String> = codes
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    assert!(codes.len() >= 7, "{codes:?}");
    let mut found = BTreeSet::new();
    for case in cases() {
        let code = fs::read_to_string(case.join("expected.exit")).unwrap_or_default();
        found.insert(match code.trim() {
            "" => "0".to_owned(),
            code => code.to_owned(),
        });
    }
    // Signals, servers and broken machines are no cases; the tests of those insist on a code.
    let pattern = regex::Regex::new(r"expect\((\d+)\)|interrupt\([^)]*, (\d+), ").unwrap();
    for file in files(&root().join("tests"), "rs") {
        let text = fs::read_to_string(file).unwrap();
        for captures in pattern.captures_iter(&text) {
            let code = captures.get(1).or_else(|| captures.get(2)).unwrap();
            found.insert(code.as_str().to_owned());
        }
    }
    let missing: Vec<_> = codes.difference(&found).collect();
    assert!(missing.is_empty(), "exit codes without a case: {missing:?}");
}
