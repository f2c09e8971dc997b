//! That every exit code is in a case or a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use capstep_tests::program::root;
use capstep_tests::project::Project;

use crate::cases;

/// The Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|found| found == "rs") {
            found.push(path);
        }
    }
    found
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
    for case in cases::folders() {
        found.insert(cases::exit_code(&case));
    }
    // Signals, servers and broken machines are no cases; the tests of those insist on a code.
    let pattern = regex::Regex::new(r"expect\((\d+)\)|interrupt\([^)]*, (\d+), ").unwrap();
    for file in sources(&root().join("tests")) {
        let text = fs::read_to_string(file).unwrap();
        for captures in pattern.captures_iter(&text) {
            let code = captures.get(1).or_else(|| captures.get(2)).unwrap();
            found.insert(code.as_str().to_owned());
        }
    }
    let missing: Vec<_> = codes.difference(&found).collect();
    assert!(missing.is_empty(), "exit codes without a case: {missing:?}");
}
