//! JSON texts, with our own words for what is wrong with them.

use serde_json::Value;
use serde_json::error::Category;

/// The longest part of a wrong text that is shown.
const MAX_SHOWN: usize = 30;

/// Reads a JSON text.
///
/// # Errors
///
/// What is wrong and where, as the end of a sentence: `line 2, column 7: `x` is not expected here`.
pub fn parse_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|problem| explain(text, &problem))
}

/// What is wrong with the text and where. The parser's own words are for programmers, and its columns count bytes.
fn explain(text: &str, problem: &serde_json::Error) -> String {
    if text.trim().is_empty() {
        return "it is empty".to_owned();
    }
    let line_text = text
        .split('\n')
        .nth(problem.line().saturating_sub(1))
        .unwrap_or("");
    if problem.classify() == Category::Eof {
        let column = line_text.chars().count();
        return format!(
            "it ends too early, at line {}, column {column}: something in it is not closed",
            problem.line()
        );
    }
    // The parser's column is that of the last byte it took; of a word people want to see the whole.
    let at = line_text.floor_char_boundary(problem.column().saturating_sub(1));
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (before, rest) = line_text.split_at_checked(at).unwrap_or((line_text, ""));
    let start = match rest.starts_with(is_word) {
        true => before.trim_end_matches(is_word).len(),
        false => before.len(),
    };
    let (before, rest) = line_text.split_at_checked(start).unwrap_or((before, rest));
    let place = format!(
        "line {}, column {}",
        problem.line(),
        before.chars().count() + 1
    );
    let words = problem.to_string();
    if words.starts_with("recursion limit") {
        return format!("{place}: it nests too deep");
    }
    if words.starts_with("number out of range") {
        return format!("{place}: the number is too large");
    }
    let word: String = rest
        .chars()
        .take_while(|c| is_word(*c))
        .take(MAX_SHOWN)
        .collect();
    match rest.chars().next() {
        Some(_) if !word.is_empty() => format!("{place}: `{word}` is not expected here"),
        Some(found) if !found.is_control() => format!("{place}: `{found}` is not expected here"),
        Some(_) => format!("{place}: an invisible character is not expected here"),
        None => format!("{place}: the line's end is not expected here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_in_our_words() {
        let check = |text: &str, expected: &str| {
            assert_eq!(parse_json(text).unwrap_err(), expected, "{text}")
        };
        check("", "it is empty");
        check(" \n", "it is empty");
        check("nope", "line 1, column 1: `nope` is not expected here");
        check("{\"a\": 1,}", "line 1, column 9: `}` is not expected here");
        check(
            "{\"a\": 1\n \"b\": 2}",
            "line 2, column 2: `\"` is not expected here",
        );
        check("[\"é\" x]", "line 1, column 6: `x` is not expected here");
        check("{'a': 1}", "line 1, column 2: `'` is not expected here");
        check(
            "[1, 2",
            "it ends too early, at line 1, column 5: something in it is not closed",
        );
        check(
            "\"a",
            "it ends too early, at line 1, column 2: something in it is not closed",
        );
        check(
            "[\"a\tb\"]",
            "line 1, column 4: an invisible character is not expected here",
        );
        check("[1] 2", "line 1, column 5: `2` is not expected here");
        check("1e999", "line 1, column 1: the number is too large");
        check(&"[".repeat(200), "line 1, column 128: it nests too deep");
        assert_eq!(parse_json("[1]").unwrap(), serde_json::json!([1]));
    }
}
