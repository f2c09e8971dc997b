//! That every message that a user can cause is shown by a case or expected by a test: one that nobody has ever seen on a
//! screen is seldom right.
//!
//! - `literals`: the texts in Rust sources; `sites`: those that are messages; `allowed`: those that nothing shows, and why.

mod allowed;
mod literals;
mod sites;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use capstep_tests::program::root;
use regex::Regex;

use allowed::ALLOWED;
use literals::Scanned;

/// Where messages of mistakes and errors are written: what knows the pipeline or the command line.
const SOURCES: [&str; 6] = [
    "runner/agefile/src",
    "runner/cli/src",
    "runner/engine/src",
    "runner/grants/src",
    "runner/pipeline/src",
    "runner/registry/src",
];

/// The Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Whether a file has nothing but tests, or what they need.
fn is_test(path: &Path) -> bool {
    let shown = path.to_string_lossy();
    let parts = ["/tests/", "/tests.rs", "/testing.rs", "/properties"];
    parts.iter().any(|part| shown.contains(part))
}

/// The part of a file that is the program, and the part that tests it.
fn parts(text: &str) -> (&str, &str) {
    let at = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text.split_at(at)
}

/// With single spaces, and without what breaks a line for a narrow terminal.
fn flat(text: &str) -> String {
    let broken = Regex::new(r"\n\s*\| ").unwrap();
    let joined = broken.replace_all(text, " ");
    joined.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Everything that cases expect, and all texts of tests.
fn shown() -> String {
    let mut shown = String::new();
    for case in crate::cases::folders() {
        for name in ["expected.stdout", "expected.stderr"] {
            let text = fs::read_to_string(case.join(name)).unwrap_or_default();
            shown.push_str(&flat(&text));
            shown.push('\n');
            // The same as a program reads it.
            shown.push_str(&flat(&text.replace("\\\"", "\"").replace("\\n", "\n")));
            shown.push('\n');
        }
    }
    for folder in ["runner", "tests"] {
        for path in sources(&root().join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            let tests = match is_test(&path) || folder == "tests" {
                true => text.as_str(),
                false => parts(&text).1,
            };
            // What is allowed is not shown by being written down there.
            if path.ends_with("messages/allowed.rs") {
                continue;
            }
            for literal in Scanned::of(tests).literals {
                shown.push_str(&flat(&literal));
                shown.push('\n');
            }
        }
    }
    shown
}

/// What stands for something else in a message: a value, or a brace.
const BRACES: &str = r"\{\{|\}\}|\{[^{}]*\}";

/// A message with anything in its braces.
fn pattern(message: &str) -> Regex {
    let braces = Regex::new(BRACES).unwrap();
    let message = flat(message);
    let mut pattern = String::new();
    let mut from = 0;
    for found in braces.find_iter(&message) {
        pattern.push_str(&regex::escape(&message[from..found.start()]));
        pattern.push_str(match found.as_str() {
            // One brace of a format, or two of a plain text.
            "{{" => r"\{{1,2}",
            "}}" => r"\}{1,2}",
            _ => ".{0,400}?",
        });
        from = found.end();
    }
    pattern.push_str(&regex::escape(&message[from..]));
    // A test may expect the part of it that doesn't differ.
    let trimmed = Regex::new(r"^\.\{0,400\}\?|:? ?`?\.\{0,400\}\?`?$").unwrap();
    Regex::new(&trimmed.replace_all(&pattern, "")).unwrap()
}

/// The longest part of a message that stands between braces.
fn core(message: &str) -> String {
    let parts = Regex::new(BRACES).unwrap();
    let message = flat(message);
    let longest = parts.split(&message).max_by_key(|part| part.len());
    longest
        .unwrap_or_default()
        .trim_matches([' ', ':', '`', ';', ','])
        .to_owned()
}

/// Whether a message is in what is shown: whole, or the longest part of it, where that is so long that no other message
/// has it too.
fn is_shown(message: &str, shown: &str) -> bool {
    /// Fewer words than this are parts of many messages.
    const TELLING: usize = 4;
    /// How far from its longest part the rest of a message may be, in bytes.
    const NEAR: usize = 1_000;
    let core = core(message);
    if core.split_whitespace().count() >= TELLING {
        return shown.contains(&core);
    }
    let pattern = pattern(message);
    shown.match_indices(&core).any(|(at, _)| {
        let from = shown.floor_char_boundary(at.saturating_sub(NEAR));
        let to = shown.ceil_char_boundary((at + NEAR).min(shown.len()));
        pattern.is_match(&shown[from..to])
    })
}

#[test]
fn every_message_is_shown_by_a_case_or_expected_by_a_test() {
    let mut messages: BTreeMap<String, String> = BTreeMap::new();
    for folder in SOURCES {
        for path in sources(&root().join(folder)) {
            if is_test(&path) {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let file = path.strip_prefix(root()).unwrap().display().to_string();
            for message in sites::messages(&Scanned::of(parts(&text).0)) {
                messages.entry(message).or_insert_with(|| file.clone());
            }
        }
    }
    assert!(messages.len() > 400, "only {} were found", messages.len());
    let shown = shown();
    let is_allowed = |message: &String| ALLOWED.iter().any(|(allowed, _)| allowed == message);
    let (mut missing, mut stale) = (Vec::new(), Vec::new());
    for (message, file) in &messages {
        match (is_shown(message, &shown), is_allowed(message)) {
            (false, false) => missing.push(format!("{file}: {message}")),
            (true, true) => stale.push(message.clone()),
            _ => {}
        }
    }
    let gone = ALLOWED
        .iter()
        .filter(|(allowed, _)| !messages.contains_key(*allowed));
    stale.extend(gone.map(|(allowed, _)| (*allowed).to_owned()));
    assert!(
        missing.is_empty(),
        "{} messages that no case shows and no test expects: {missing:#?}",
        missing.len()
    );
    assert!(
        stale.is_empty(),
        "allowed and shown, or no messages any more: {stale:#?}"
    );
}
