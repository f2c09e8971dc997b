//! That every command and every flag of it is in a case or a test, and that every command explains itself. Whether a case
//! says the right thing is for its reader; that there is one is for this.

use std::collections::BTreeSet;

use capstep_tests::project::Project;

use crate::cases;

/// A command, by its words.
struct Command {
    words: Vec<String>,
    /// What `--help` prints.
    help: String,
}

/// A command and flags of it that no case can show, since what they print or take differs from machine to machine; the
/// file of the test that shows them, and its name. The empty flag is the command without any.
type Elsewhere = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
);

const ELSEWHERE: &[Elsewhere] = &[
    (
        "demo",
        &["", "--verbose"],
        DEMO,
        "it_deploys_is_denied_and_leaves_nothing",
    ),
    (
        "doctor",
        &["", "--format"],
        KEEPING,
        "doctor_changes_nothing_and_finds_what_is_wrong",
    ),
    (
        "gc",
        &["--dry-run", "--keep", "--cache-size", "--format"],
        KEEPING,
        "gc_removes_what_is_asked_for_and_nothing_that_lives",
    ),
    (
        "gc",
        &["--caches-size", "--caches-unused"],
        KEEPING,
        "gc_removes_caches_by_age_and_size",
    ),
    (
        "completions",
        &[""],
        KEEPING,
        "shells_and_manuals_get_their_texts",
    ),
    ("", &["--help"], COMMANDS, "help_is_data"),
];

const DEMO: &str = "tests/built_in/demo.rs";
const KEEPING: &str = "runner/cli/tests/keeping.rs";
const COMMANDS: &str = "runner/cli/tests/commands.rs";

/// The same for all commands, and with cases of their own.
const COMMON: [&str; 2] = ["--help", "--no-color"];

/// All commands, those within others too.
fn commands() -> Vec<Command> {
    let mut open = vec![Vec::new()];
    let mut found = Vec::new();
    while let Some(words) = open.pop() {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = Project::empty().capstep(&arguments).expect(0).stdout;
        for below in below(&help) {
            let mut all = words.clone();
            all.push(below);
            open.push(all);
        }
        found.push(Command { words, help });
    }
    assert!(found.len() > 20, "only {} commands were found", found.len());
    found
}

/// The commands that a help lists.
fn below(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.trim().is_empty());
    let pattern = regex::Regex::new(r"^  ([a-z]+)(  |$)").unwrap();
    lines
        .filter_map(|line| Some(pattern.captures(line)?[1].to_owned()))
        .collect()
}

/// The long flags that a help lists.
fn flags(help: &str) -> BTreeSet<String> {
    let pattern = regex::Regex::new(r"(?m)^ +(?:-[A-Za-z], )?(--[a-z-]+)").unwrap();
    let found = pattern.captures_iter(help);
    found.map(|found| found[1].to_owned()).collect()
}

/// The words of every command that a case runs and that begins so.
fn called<'c>(calls: &'c [Vec<String>], words: &[String]) -> Vec<&'c [String]> {
    let calls = calls.iter().filter(|call| call.starts_with(words));
    calls.map(Vec::as_slice).collect()
}

#[test]
fn every_command_and_flag_is_in_a_case() {
    let calls = cases::commands();
    let mut missing = Vec::new();
    let mut elsewhere: BTreeSet<String> = BTreeSet::new();
    for command in commands() {
        let name = command.words.join(" ");
        let mut shown_elsewhere = |flag: &str| {
            let is_it = |(of, flags, ..): &&Elsewhere| *of == name && flags.contains(&flag);
            let entry = ELSEWHERE.iter().find(is_it);
            entry.is_some_and(|(of, _, file, test)| {
                let word = if flag.is_empty() { of } else { flag };
                cases::assert_there(file, test, &[word]);
                elsewhere.insert(format!("{of} {flag}"));
                true
            })
        };
        let calls = called(&calls, &command.words);
        if below(&command.help).is_empty() && calls.is_empty() && !shown_elsewhere("") {
            missing.push(name.clone());
        }
        for flag in flags(&command.help) {
            if COMMON.contains(&flag.as_str()) && !name.is_empty() {
                continue;
            }
            let is_it = |word: &String| *word == flag || word.starts_with(&format!("{flag}="));
            let given = calls.iter().any(|call| call.iter().any(is_it));
            if !given && !shown_elsewhere(&flag) {
                missing.push(format!("{name} {flag}"));
            }
        }
    }
    assert!(missing.is_empty(), "without a case or a test: {missing:?}");
    // An entry that nothing needs any more is a promise that nobody keeps.
    let listed = ELSEWHERE.iter().flat_map(|(of, flags, ..)| {
        let flags = flags.iter();
        flags.map(move |flag| format!("{of} {flag}"))
    });
    let stale: Vec<_> = listed.filter(|entry| !elsewhere.contains(entry)).collect();
    assert!(stale.is_empty(), "shown by a case as well: {stale:?}");
}

#[test]
fn every_command_explains_itself() {
    let mut wrong = Vec::new();
    for command in commands() {
        let name = format!("capstep {}", command.words.join(" "));
        let (about, rest) = command.help.split_once("\nUsage: ").unwrap();
        // A sentence, and what more there is to know.
        let paragraphs = about.trim().split("\n\n").count();
        if paragraphs < 2 {
            wrong.push(format!("{name}: says no more than its first sentence"));
        }
        let Some((_, examples)) = rest.split_once("Examples:\n") else {
            wrong.push(format!("{name}: no `Examples:`"));
            continue;
        };
        let of_its_own = |line: &&str| line.contains(name.trim_end());
        if !examples
            .lines()
            .take_while(|line| !line.is_empty())
            .any(|line| of_its_own(&line))
        {
            wrong.push(format!("{name}: no example of it"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
