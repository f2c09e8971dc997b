//! The cases of `tests/cases`, as far as they show what a command does.

use std::fs;
use std::path::PathBuf;

use capstep_tests::program::root;

/// The folders.
pub(crate) fn folders() -> Vec<PathBuf> {
    let folders = fs::read_dir(root().join("tests/cases")).unwrap();
    folders.map(|entry| entry.unwrap().path()).collect()
}

/// The words of each command that a case runs: its own, and those of its set-up.
pub(crate) fn commands() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for folder in folders() {
        let own = fs::read_to_string(folder.join("command")).unwrap_or_else(|_| "lint".to_owned());
        found.push(own.split_whitespace().map(str::to_owned).collect());
        let set_up = fs::read_to_string(folder.join("setup")).unwrap_or_default();
        for line in set_up.lines() {
            for call in line.split("\"$CAPSTEP\" ").skip(1) {
                let end = call.find(['|', '>', '<', ';', '&']).unwrap_or(call.len());
                found.push(call[..end].split_whitespace().map(str::to_owned).collect());
            }
        }
    }
    found
}

/// The exit code that a case's own command ends with.
pub(crate) fn exit_code(folder: &std::path::Path) -> String {
    let code = fs::read_to_string(folder.join("expected.exit")).unwrap_or_default();
    match code.trim() {
        "" => "0".to_owned(),
        code => code.to_owned(),
    }
}

/// A test by its file, from the repository's root, and its name: it is there, and these words stand in its file.
#[track_caller]
pub(crate) fn assert_there(file: &str, test: &str, words: &[&str]) {
    let text = fs::read_to_string(root().join(file)).unwrap_or_default();
    let is_there = text.contains(&format!("fn {test}("));
    assert!(is_there, "there is no test `{test}` in {file}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in {file}");
    }
}
