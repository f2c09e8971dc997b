//! Commands that people are shown are ones that the program takes: in the documentation and in its own help.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::*;

/// The Markdown files that show commands.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    for folder in ["docs", "docs/plugins"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    found
}

/// The calls of `capstep` in a line of a shell or of another runner's file, each up to what a shell makes of the rest.
fn calls(line: &str) -> Vec<String> {
    let line = line.split(" # ").next().unwrap_or_default();
    let line = line.split("  #").next().unwrap_or_default();
    let parts = line.split("&&").flat_map(|part| part.split("||"));
    let parts = parts.flat_map(|part| part.split('|'));
    parts
        .filter_map(|part| {
            let part = part.trim();
            let part = part.strip_prefix("script: ").unwrap_or(part);
            let call = part.strip_prefix("capstep ")?;
            let end = call.find(['<', '>']).unwrap_or(call.len());
            // Words in brackets may be left out.
            Some(call[..end].replace(['[', ']'], ""))
        })
        .collect()
}

/// The words of a call, quotes taken off.
fn words(call: &str) -> Vec<String> {
    let mut words = vec!["capstep".to_owned()];
    let mut word = String::new();
    let mut quote = None;
    for c in call.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            _ => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[track_caller]
fn assert_taken(place: &str, call: &str) {
    if let Err(error) = Arguments::try_parse_from(words(call)) {
        panic!("{place}: `capstep {call}`:\n{error}");
    }
}

#[test]
fn the_documentations_commands_are_taken() {
    let mut seen = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            // Blocks are indented or between fences; in running text a call is within backticks, and may have words in
            // capitals that stand for something.
            let is_block = line.starts_with("    ") || line.trim_start().starts_with("script: ");
            for call in calls(if is_block { line } else { "" }) {
                assert_taken(&place, &call);
                seen += 1;
            }
        }
    }
    assert!(seen > 12, "only {seen} were found");
}

/// Each command with those within it.
fn all(command: clap::Command, found: &mut Vec<clap::Command>) {
    for below in command.get_subcommands() {
        all(below.clone(), found);
    }
    found.push(command);
}

#[test]
fn the_helps_examples_are_taken() {
    let mut commands = Vec::new();
    all(Arguments::command(), &mut commands);
    let mut seen = 0;
    for command in commands {
        let help = command.get_after_long_help().map(ToString::to_string);
        for line in help.unwrap_or_default().lines() {
            // Of completions: a shell's name, and its line.
            let line = line.trim_start();
            let line = line
                .find("capstep ")
                .and_then(|at| line.get(at..))
                .unwrap_or_default();
            for call in calls(line) {
                assert_taken(command.get_name(), &call);
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "only {seen} were found");
}
