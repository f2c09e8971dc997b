//! Which texts of a source are messages: those in a statement that makes a mistake or an error.

use regex::Regex;

use super::literals::Scanned;

/// What such a statement has in it.
const MAKES_ONE: &str = r"#\[error\(|Diagnostic::(error|warning)\(|CliError::(usage|pipeline|infrastructure|cancelled)\(|\blet (mut )?message\b|\bproblem(_with_help)?\(|\bself\.(wrong|error|wrong_type)\(|\bErr\(|\bmap_err\(|\bmistake\(|\brefused\(|\berror\(|\bfailed\(|\bunreadable\(|=> format!";

/// What a text is worth being called a message from: so many words.
const WORDS: usize = 3;

/// The messages of a source, hints and helps among them.
pub(super) fn messages(source: &Scanned) -> Vec<String> {
    let makes_one = Regex::new(MAKES_ONE).unwrap();
    let number = Regex::new("\u{1}(\\d+)\u{2}").unwrap();
    let statements = source.code.split([';', '{', '}']);
    let statements = statements.filter(|statement| makes_one.is_match(statement));
    let numbers = statements.flat_map(|statement| {
        let found = number.captures_iter(statement);
        let found: Vec<usize> = found.map(|found| found[1].parse().unwrap()).collect();
        found
    });
    numbers
        .map(|number| source.literals[number].clone())
        .filter(|text| text.split(' ').count() >= WORDS)
        .collect()
}

#[test]
fn messages_are_told_from_other_texts() {
    let source = r##"
        enum E { #[error("it is {0} and wrong")] A }
        const X: &str = "no message at all";
        let message = format!("a message of `{}`", "two words");
        return Err(CliError::usage("what was asked").hint("ask for another thing"));
    "##;
    assert_eq!(
        messages(&Scanned::of(source)),
        [
            "it is {0} and wrong",
            "a message of `{}`",
            "what was asked",
            "ask for another thing"
        ]
    );
}
