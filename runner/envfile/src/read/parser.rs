//! The statements: comments, names, unquoted values, and where each thing stands.

use super::quoted;
use crate::{ParseError, name};

/// Walks through the text. It keeps a byte offset only; lines and columns are counted when an
/// error needs them.
pub(super) struct Parser<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Parser<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, offset: 0 }
    }

    /// The next variable, or none at the end of the text.
    pub(super) fn next_entry(&mut self) -> Result<Option<(String, String)>, ParseError> {
        self.skip_blank_and_comments();
        if self.rest().is_empty() {
            return Ok(None);
        }
        let name = self.name()?;
        self.skip_while(is_blank);
        let value = match self.peek() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote)?,
            _ => self.unquoted()?,
        };
        Ok(Some((name, value)))
    }

    fn name(&mut self) -> Result<String, ParseError> {
        let after_export = self.rest().strip_prefix("export").unwrap_or_default();
        if after_export.starts_with([' ', '\t']) {
            self.offset = self.text.len() - after_export.len();
            self.skip_while(is_blank);
        }
        let start = self.offset;
        if !self.peek().is_some_and(name::starts_name) {
            return Err(self.error_at(
                start,
                "expected a name: a letter or `_`, then letters, digits, `_`, `.` or `-`",
            ));
        }
        let name = self.skip_while(name::continues_name).to_owned();
        self.skip_while(is_blank);
        match self.peek() {
            Some('=' | ':') => {
                self.offset += 1;
                Ok(name)
            }
            None | Some('\n' | '#') => Err(self.error_at(
                start,
                "the name has no value: write `NAME=value` (or `NAME=` for an empty one)",
            )),
            Some(_) => Err(self.error_at(
                self.offset,
                "expected `=`: a name is a letter or `_`, then letters, digits, `_`, `.` or `-`",
            )),
        }
    }

    /// A value up to the line's end or ` #`. Backslashes are text here.
    fn unquoted(&mut self) -> Result<String, ParseError> {
        let start = self.offset;
        let line = self.skip_while(|c| c != '\n');
        let value = line.split_once(" #").map_or(line, |(value, _)| value);
        let chars = value.trim_end().char_indices();
        quoted::undouble_dollars(chars.map(|(at, c)| (start + at, c)))
            .map_err(|(at, message)| self.error_at(at, message))
    }

    fn quoted(&mut self, quote: char) -> Result<String, ParseError> {
        let start = self.offset;
        let inside = self.rest().get(1..).unwrap_or_default();
        let Some(length) = quoted::length(inside, quote) else {
            return Err(self.error_at(start, "the quote that opens here is never closed"));
        };
        let inside = inside.get(..length).unwrap_or_default();
        self.offset = start + 1 + length + 1;
        let value = if quote == '\'' {
            quoted::unescape_single(inside)
        } else {
            let chars = quoted::unescape_double(inside, start + 1);
            quoted::undouble_dollars(chars.into_iter())
                .map_err(|(at, message)| self.error_at(at, message))?
        };
        self.skip_while(is_blank);
        match self.peek() {
            None | Some('\n' | '#') => Ok(value),
            Some(_) => Err(self.error_at(
                self.offset,
                "expected the end of the line or a comment after the closing quote",
            )),
        }
    }

    fn skip_blank_and_comments(&mut self) {
        loop {
            self.skip_while(char::is_whitespace);
            if self.peek() != Some('#') {
                return;
            }
            self.skip_while(|c| c != '\n');
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.offset += length;
        rest.get(..length).unwrap_or_default()
    }

    fn error_at(&self, offset: usize, message: &str) -> ParseError {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ParseError {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message: message.to_owned(),
        }
    }
}

/// The white space that compose skips within a line; a line feed is not part of it.
const fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}'
    )
}
