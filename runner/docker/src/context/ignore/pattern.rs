//! One pattern of an ignore file.

use regex::Regex;

use crate::context::ignore::clean::clean;
use crate::error::{DockerError, Stage};

/// A pattern: what it matches, and whether it brings back rather than leaves out.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// The text, without `!`.
    text: String,
    /// Whether it began with `!`.
    exception: bool,
    test: Test,
}

/// How a pattern is compared. Most are plain names, for which an expression would be slow and, with Docker's rules for
/// `**`, mean something else.
#[derive(Debug, Clone)]
enum Test {
    /// The path is the text.
    Exact,
    /// The path begins with this.
    Prefix(String),
    /// The path ends with this, or is this without its leading slash.
    Suffix(String),
    Expression(Regex),
}

impl Pattern {
    /// Reads a pattern; a blank one gives none.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, DockerError> {
        let invalid = |why: &str| {
            DockerError::invalid(
                Stage::Context,
                format!("`{}` in the ignore file is no pattern: {why}", text.trim()),
            )
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(None);
        }
        let cleaned = clean(trimmed);
        let (exception, text) = match cleaned.strip_prefix('!') {
            Some("") => return Err(invalid("nothing follows the exclamation mark")),
            Some(rest) => (true, rest.to_owned()),
            None => (false, cleaned),
        };
        if !is_glob(&text) {
            return Err(invalid("a bracket or a backslash in it is not finished"));
        }
        let test = Test::of(&text).ok_or_else(|| invalid("it cannot be compared with paths"))?;
        Ok(Some(Self {
            text,
            exception,
            test,
        }))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_exception(&self) -> bool {
        self.exception
    }

    /// Whether it is about this very path.
    pub(crate) fn matches(&self, path: &str) -> bool {
        match &self.test {
            Test::Exact => path == self.text,
            Test::Prefix(prefix) => path.starts_with(prefix),
            Test::Suffix(suffix) => {
                path.ends_with(suffix.as_str())
                    || suffix.strip_prefix('/').is_some_and(|rest| rest == path)
            }
            Test::Expression(expression) => expression.is_match(path),
        }
    }
}

impl Test {
    fn of(text: &str) -> Option<Self> {
        let mut expression = String::from("^");
        let mut chars = text.chars().peekable();
        let mut kind = Kind::Exact;
        let mut first = true;
        while let Some(char) = chars.next() {
            match char {
                '*' if chars.peek() == Some(&'*') => {
                    chars.next();
                    // `**/` is taken like `**`.
                    if chars.peek() == Some(&'/') {
                        chars.next();
                    }
                    match (chars.peek().is_none(), kind) {
                        (true, Kind::Exact) => kind = Kind::Prefix,
                        (true, _) => {
                            expression.push_str(".*");
                            kind = Kind::Expression;
                        }
                        (false, _) => {
                            expression.push_str("(.*/)?");
                            kind = Kind::Expression;
                        }
                    }
                    if first {
                        kind = Kind::Suffix;
                    }
                }
                '*' => {
                    expression.push_str("[^/]*");
                    kind = Kind::Expression;
                }
                '?' => {
                    expression.push_str("[^/]");
                    kind = Kind::Expression;
                }
                '\\' => {
                    if let Some(next) = chars.next() {
                        expression.push('\\');
                        expression.push(next);
                        kind = Kind::Expression;
                    }
                }
                '[' => {
                    expression.push('[');
                    class(&mut chars, &mut expression);
                    kind = Kind::Expression;
                }
                ']' => {
                    expression.push_str("\\]");
                    kind = Kind::Expression;
                }
                '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => {
                    expression.push('\\');
                    expression.push(char);
                }
                other => expression.push(other),
            }
            first = false;
        }
        expression.push('$');
        Some(match kind {
            Kind::Exact => Self::Exact,
            Kind::Prefix => Self::Prefix(text.strip_suffix("**").unwrap_or(text).to_owned()),
            Kind::Suffix => Self::Suffix(text.strip_prefix("**").unwrap_or(text).to_owned()),
            Kind::Expression => Self::Expression(Regex::new(&expression).ok()?),
        })
    }
}

/// Which [`Test`] a pattern comes to.
#[derive(Clone, Copy)]
enum Kind {
    Exact,
    Prefix,
    Suffix,
    Expression,
}

/// A bracket's inside, up to its end, in the spelling of our expressions: they know sets within sets, and operators on
/// them, where a pattern has plain characters.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, expression: &mut String) {
    if chars.next_if_eq(&'^').is_some() {
        expression.push('^');
    }
    while let Some(char) = chars.next() {
        match char {
            ']' => {
                expression.push(']');
                return;
            }
            '\\' => {
                expression.push('\\');
                expression.extend(chars.next());
            }
            '[' | '&' | '~' => {
                expression.push('\\');
                expression.push(char);
            }
            other => expression.push(other),
        }
    }
}

/// Whether brackets and backslashes are finished, by the rules of Go's `filepath.Match`.
fn is_glob(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' if chars.next().is_none() => return false,
            '[' => {
                let _ = chars.next_if_eq(&'^');
                let mut ranges = 0;
                loop {
                    if ranges > 0 && chars.next_if_eq(&']').is_some() {
                        break;
                    }
                    if !member(&mut chars) {
                        return false;
                    }
                    if chars.next_if_eq(&'-').is_some() && !member(&mut chars) {
                        return false;
                    }
                    ranges += 1;
                }
            }
            _ => {}
        }
    }
    true
}

/// One character of a bracket; something must follow it.
fn member(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    match chars.next() {
        None | Some('-' | ']') => false,
        Some('\\') => chars.next().is_some() && chars.peek().is_some(),
        Some(_) => chars.peek().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pattern;

    fn check(pattern: &str, path: &str, expected: bool) {
        let parsed = Pattern::parse(pattern).unwrap().unwrap();
        assert_eq!(parsed.matches(path), expected, "{pattern} on {path}");
    }

    #[test]
    fn patterns_match_as_in_docker() {
        check("a", "a", true);
        check("a", "a/b", false);
        check("*", "a", true);
        check("*", "a/b", false);
        check("*.c", "x.c", true);
        check("*.c", "d/x.c", false);
        check("**", "a/b/c", true);
        check("**/", "a/b/c", true);
        check("**/c", "c", true);
        check("**/c", "a/b/c", true);
        check("**/c", "a/bc", false);
        check("**c", "a/bc", true);
        check("**/*.c", "a/b/x.c", true);
        check("**/*.c", "x.c", true);
        check("a/**", "a/b/c", true);
        check("a/**", "a", false);
        check("a/**/c", "a/c", true);
        check("a/**/c", "a/b/b/c", true);
        check("a/**/c", "a/bc", false);
        check("a**/c", "ax/c", true);
        check("a**/c", "axc", false);
        check("a**/c", "ax/y/c", true);
        check("a*/**", "ab/c/d", true);
        check("a?c", "abc", true);
        check("a?c", "a/c", false);
        check("a?c", "aéc", true);
        check("[a-c]x", "bx", true);
        check("[^a-c]x", "bx", false);
        check("[^a-c]x", "dx", true);
        check("[&~]x", "&x", true);
        check("[[]x", "[x", true);
        check("a]", "a]", true);
        check("a\\*", "a*", true);
        check("a\\*", "ab", false);
        check("a.b", "axb", false);
        check("a+b(c)|{d}$", "a+b(c)|{d}$", true);
        check("é*", "éa", true);
        check("./a/../b", "b", true);
        check("!a", "a", true);
        check("a b", "a b", true);
    }

    #[test]
    fn broken_patterns_are_refused() {
        for pattern in [
            "!", "[", "[]", "[]a]", "[^]", "[a", "[a-", "[a-]", "[-a]", "a\\", "[\\",
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
        assert!(Pattern::parse("  ").unwrap().is_none());
    }

    proptest! {
        #[test]
        fn reading_and_matching_never_panic(pattern in "[ab!*?/\\[\\]^\\\\.&~-]{0,12}", path in "[ab/.*-]{0,8}") {
            if let Ok(Some(parsed)) = Pattern::parse(&pattern) {
                let _ = parsed.matches(&path);
            }
        }

        #[test]
        fn plain_names_match_themselves_alone(name in "[a-z.é]([a-z.é ]{0,6}[a-z.é])?", other in "[a-z.é ]{1,8}") {
            prop_assume!(name != "." && name != "..");
            let pattern = Pattern::parse(&name).unwrap().unwrap();
            prop_assert!(pattern.matches(&name));
            prop_assert_eq!(pattern.matches(&other), name == other);
        }
    }
}
