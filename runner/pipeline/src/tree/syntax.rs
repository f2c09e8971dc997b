//! An error of the YAML reader, for people.

use serde_saphyr::{Error, Location};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// The bytes that a location covers. Errors of the scanner know line and column only.
pub(super) fn location_span(location: &Location, text: &str) -> Span {
    let span = location.span();
    match (span.byte_offset(), span.byte_len()) {
        (Some(offset), len) => {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let len = len.and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
            clamp(start, start.saturating_add(len), text)
        }
        (None, _) => {
            let line = usize::try_from(location.line()).unwrap_or(0);
            let column = usize::try_from(location.column()).unwrap_or(0);
            point(line, column, text)
        }
    }
}

/// The one character at line and column (both from 1), or the end of the text.
fn point(line: usize, column: usize, text: &str) -> Span {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = text.get(start..).unwrap_or("");
    let mut characters = rest.char_indices().skip(column.saturating_sub(1));
    match characters.next() {
        Some((at, c)) => Span::new(start + at, start + at + c.len_utf8()),
        None => Span::new(text.len(), text.len()),
    }
}

fn clamp(start: usize, end: usize, text: &str) -> Span {
    Span::new(
        text.floor_char_boundary(start),
        text.floor_char_boundary(end),
    )
}

/// The error itself, without the wrapping that tells of the alias it came through.
fn cause(error: &Error) -> &Error {
    match error.without_snippet() {
        Error::AliasError { error, .. } => cause(error),
        error => error,
    }
}

/// The key and the place of the second one, if the error is a key that stands twice.
pub(super) fn duplicate_key(error: &Error, text: &str) -> Option<(String, usize)> {
    match cause(error) {
        Error::DuplicateMappingKey { key, location } => {
            Some((key.clone()?, location_span(location, text).start))
        }
        _ => None,
    }
}

/// The diagnostic for a key that stands twice in one map.
pub(super) fn duplicate(key: &str, second: Span, first: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        codes::DUPLICATE_KEY,
        second,
        format!("the key `{key}` stands twice in this map"),
    )
    .label("the second one")
    .help("remove one of the two, or put them together");
    match first {
        Some(first) => diagnostic.related(first, "the first one"),
        None => diagnostic,
    }
}

/// The reader's error as a diagnostic. `first` is where a key that stands twice stood first.
pub(super) fn diagnostic(error: &Error, first: Option<Span>, text: &str) -> Diagnostic {
    let error = cause(error);
    let span = error
        .location()
        .map(|location| location_span(&location, text))
        .unwrap_or_default();
    match error {
        Error::DuplicateMappingKey { key, .. } => {
            duplicate(key.as_deref().unwrap_or("?"), whole_word(span, text), first)
        }
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => too_much(span),
        Error::MultipleDocuments { .. } => Diagnostic::error(
            codes::YAML_SYNTAX,
            span,
            "a second YAML document starts here",
        )
        .help("a pipeline is one document: remove the `---` or `...` line above"),
        Error::MergeKeyNotAllowed { .. } => Diagnostic::error(
            codes::YAML_SYNTAX,
            span,
            "merge keys (`<<`) are not read",
        )
        .help("write the keys where they belong, so that each step shows what it does; an alias (`*name`) may repeat a whole value"),
        Error::UnknownAnchor { .. } => Diagnostic::error(
            codes::YAML_SYNTAX,
            span,
            "this alias (`*name`) repeats nothing that was named before",
        )
        .help("name the value with `&name` further up, or put text that starts with `*` in quotes"),
        Error::NullIntoString { .. } | Error::Unexpected { .. } => Diagnostic::error(
            codes::YAML_SYNTAX,
            span,
            "only text can be a key",
        )
        .help(format!("to YAML a `{{` or `[` opens a map or a list: {QUOTED}")),
        _ => other(error, span, text),
    }
}

fn too_much(span: Span) -> Diagnostic {
    let message = "this YAML is larger or deeper than a pipeline may be";
    Diagnostic::error(codes::LIMIT_EXCEEDED, span, message)
        .help("a pipeline may have 250,000 values, nest 64 deep, and repeat little by aliases")
}

/// Widens a place to the word that starts there, so that it can be marked.
fn whole_word(span: Span, text: &str) -> Span {
    if !span.is_empty() {
        return span;
    }
    let rest = text.get(span.start..).unwrap_or("");
    let len = rest
        .find(|c: char| c.is_whitespace() || c == ':')
        .unwrap_or(rest.len());
    Span::new(span.start, span.start + len)
}

/// A message that the scanner worded, with what usually helps.
fn other(error: &Error, span: Span, text: &str) -> Diagnostic {
    let full = error.to_string();
    // The scanner stops at its own limit where brackets open too fast for the budget to count them.
    if full.contains("recursion limit") {
        return too_much(span);
    }
    let message = match full.rfind(" at line ") {
        Some(end) => full.get(..end).unwrap_or(&full),
        None => &full,
    };
    let message = message
        .trim_start_matches("while parsing a ")
        .replace("', did", "` did")
        .replace("`\u{0}'", "a NUL byte");
    let lower = message.to_lowercase();
    let of_message = || {
        let mut hints = HINTS.iter();
        let hint = hints.find(|(words, _)| words.iter().all(|word| lower.contains(word)));
        hint.map(|(_, help)| (*help).to_owned())
    };
    let help = expression_hint(span, text, &lower)
        .or_else(of_message)
        .or_else(|| tab_hint(span, text));
    Diagnostic::error(
        codes::YAML_SYNTAX,
        span,
        format!("this is not YAML: {}", quote(&message)),
    )
    .maybe_help(help)
}

/// The scanner quotes as in `x' or 'x'; ours are backticks.
fn quote(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(open) = rest.find(['\'', '`']) {
        let (before, quoted) = rest.split_at(open);
        text.push_str(before);
        // A quoted piece is short; an apostrophe in a word is followed by no second one that near.
        match quoted.get(1..).and_then(|inner| inner.find(['\'', '`'])) {
            Some(len) if len <= 40 => {
                text.push('`');
                text.push_str(quoted.get(1..=len).unwrap_or(""));
                text.push('`');
                rest = quoted.get(len + 2..).unwrap_or("");
            }
            _ => {
                text.push_str(quoted.get(..1).unwrap_or(""));
                rest = quoted.get(1..).unwrap_or("");
            }
        }
    }
    text.push_str(rest);
    text
}

/// What usually helps where the line has an expression in it, whatever the scanner made of that.
fn expression_hint(span: Span, text: &str, message: &str) -> Option<String> {
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    let before = line.get(..line.find("{{")?)?;
    let quoted = |quote: char| before.matches(quote).count() % 2 == 1;
    match (quoted('"') || quoted('\''), message.contains("quoted scalar")) {
        (true, true) => Some(
            "text in an expression stands in single quotes, the whole in double ones: \"${{ vars.NAME == 'text' }}\""
                .to_owned(),
        ),
        (true, false) | (false, true) => None,
        (false, false) => Some(QUOTED.to_owned()),
    }
}

/// How an expression is written where YAML would read it otherwise.
const QUOTED: &str = "text that has an expression in it must be in quotes here: \"${{ … }}\"";

/// A `!` before a text is a mark of YAML's own, and not part of the text: `if: ! failure()` would be its contrary.
pub(super) fn lost_mark(text: &str, scalar: Span) -> Option<Diagnostic> {
    let before = text.get(..scalar.start)?.trim_end_matches([' ', '\t']);
    let at = before.strip_suffix('!')?.len();
    // `! x` behind an anchor (`&a ! x`) is one as well; a `!` that ends a text has a line end or a comma behind it.
    if at + 1 == scalar.start {
        return None;
    }
    let help = "put the text in quotes, or write \"${{ !… }}\"";
    Some(
        Diagnostic::error(
            codes::YAML_SYNTAX,
            Span::new(at, at + 1),
            "to YAML this `!` is no part of the text behind it",
        )
        .help(help),
    )
}

fn tab_hint(span: Span, text: &str) -> Option<String> {
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |end| end + 1);
    let indent = text.get(start..)?.lines().next().unwrap_or("");
    let indent = indent.get(..indent.len() - indent.trim_start().len())?;
    indent
        .contains('\t')
        .then(|| "YAML is indented with spaces: replace the tab".to_owned())
}

/// Words in the scanner's message, and what usually helps.
const HINTS: &[(&[&str], &str)] = &[
    (&["tab"], "YAML is indented with spaces: replace the tab"),
    (
        &["mapping values are not allowed"],
        "text that has `: ` in it must be in quotes; or this line is indented too deep, or the one above lacks its `:`",
    ),
    (
        &["quoted scalar", "escape"],
        "within double quotes write `\\\\` for a backslash, or use single quotes",
    ),
    (
        &["trailing content"],
        "a quote in quoted text is doubled ('it''s'), or use the other kind of quotes",
    ),
    (
        &["quoted scalar"],
        "a quote that opened above is not closed: close it, or indent the lines it goes on over",
    ),
    (
        &["unclosed bracket"],
        "close it with the matching bracket, or quote text that starts with `[` or `{`",
    ),
    (
        &["':' indicator"],
        "a `[` or `{` above is not closed, or text that has `: ` in it is not in quotes",
    ),
    (
        &["unsupported tag"],
        "text that starts with `!` must be in quotes, or written as \"${{ !… }}\"",
    ),
    (
        &["unexpected character"],
        "text that starts with this character must be in quotes",
    ),
    (
        &["did not find expected"],
        "compare this line's indentation with the lines around it",
    ),
    (
        &["mapping keys are not allowed"],
        "text that starts with `? ` must be in quotes",
    ),
];
