//! The text of a file, and places in it.

use thiserror::Error;

use crate::included::Included;

/// The largest pipeline file that is read, in bytes.
///
/// A pipeline written by people is a few kilobytes; a megabyte leaves room for generated ones while a file that was
/// named by mistake (a dump, an archive) is refused before anything is built from it.
pub const MAX_SOURCE_BYTES: usize = 1024 * 1024;

/// A range of bytes in the files of a [`Source`], start included, end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte; never before `start`.
    pub end: usize,
}

impl Span {
    /// The range from `start` to `end`; an `end` before `start` gives an empty range at `start`.
    pub fn new(start: usize, end: usize) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// The smallest range that covers both.
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// Whether all of another one lies in it.
    pub fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The range as far from the start of a file as this one is from 0.
    pub(crate) fn shifted(self, by: usize) -> Self {
        Self {
            start: self.start + by,
            end: self.end + by,
        }
    }

    /// How many bytes it covers.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether it covers nothing (an empty value has such a span).
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// A value with the place it was written at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value itself.
    pub value: T,
    /// Where it stands in the source.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Ties `value` to `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// The text of a pipeline: its own file, and behind it the files that it includes.
///
/// All of them lie one after the other in one space of offsets, the pipeline's own from 0, so that a [`Span`] says which
/// file it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The pipeline's own file's name as people see it, e.g. `capstep.yml`.
    pub name: String,
    /// The pipeline's own text.
    pub text: String,
    line_starts: Vec<usize>,
    included: Included,
}

/// Why bytes are not the text of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// The file is larger than [`MAX_SOURCE_BYTES`].
    #[error(
        "`{name}` has {bytes} bytes; a pipeline may have at most {MAX_SOURCE_BYTES} bytes (1 MiB)"
    )]
    TooLarge {
        /// The file's name as shown.
        name: String,
        /// The file's size in bytes.
        bytes: usize,
    },
    /// The file is not UTF-8.
    #[error(
        "`{name}` is not UTF-8 text: byte {position} (line {line}) can't be read; save the file as UTF-8"
    )]
    NotUtf8 {
        /// The file's name as shown.
        name: String,
        /// The offset of the first byte that is not UTF-8, from 0.
        position: usize,
        /// The line that byte is on, from 1.
        line: usize,
    },
}

impl Source {
    /// A source from text that is at hand. Its size is checked when it is parsed.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            name: name.into(),
            line_starts: line_starts(&text),
            text,
            included: Included::default(),
        }
    }

    /// A source from a file's bytes.
    ///
    /// # Errors
    ///
    /// If there are more than [`MAX_SOURCE_BYTES`], or they are not UTF-8.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, SourceError> {
        let name = name.into();
        text_of(&name, bytes).map(|text| Self::new(name, text))
    }

    /// The files that it includes.
    pub fn included(&self) -> &Included {
        &self.included
    }

    pub(crate) fn included_mut(&mut self) -> &mut Included {
        &mut self.included
    }

    /// The file that a place is in.
    pub fn file_at(&self, byte: usize) -> File<'_> {
        self.included.file_at(byte).unwrap_or(File {
            name: &self.name,
            text: &self.text,
            start: 0,
            line_starts: &self.line_starts,
        })
    }

    /// The file of this name.
    pub fn file_named(&self, name: &str) -> Option<File<'_>> {
        let own = (self.name == name).then(|| self.file_at(0));
        own.or_else(|| {
            let mut files = self.included.files();
            files.find_map(|(_, file)| (file.name == name).then_some(file))
        })
    }

    /// Line and column of a place in its file, both from 1, the column in characters. A place past the end, or within a
    /// character, counts as the nearest one before it.
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        self.file_at(byte).line_column(byte)
    }

    /// The text that a span covers; empty if it reaches outside.
    pub fn slice(&self, span: Span) -> &str {
        self.file_at(span.start).slice(span)
    }

    /// `name:line:column` of a span's start, as shown to people.
    pub fn place(&self, span: Span) -> String {
        let file = self.file_at(span.start);
        let (line, column) = file.line_column(span.start);
        format!("{}:{line}:{column}", file.name)
    }
}

/// One of the files of a [`Source`]. Its places are the source's.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its name as people see it.
    pub name: &'a str,
    /// Its whole text.
    pub text: &'a str,
    /// The place of its first byte.
    pub start: usize,
    line_starts: &'a [usize],
}

impl<'a> File<'a> {
    pub(crate) fn new(
        name: &'a str,
        text: &'a str,
        start: usize,
        line_starts: &'a [usize],
    ) -> Self {
        Self {
            name,
            text,
            start,
            line_starts,
        }
    }

    /// Line and column of a place; see [`Source::line_column`].
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let byte = self
            .text
            .floor_char_boundary(byte.saturating_sub(self.start));
        let line = self.line_starts.partition_point(|&start| start <= byte);
        let start = self.line_starts.get(line.saturating_sub(1)).copied();
        let before = self.text.get(start.unwrap_or(0)..byte).unwrap_or("");
        (line.max(1), before.chars().count() + 1)
    }

    /// The text of a line (from 1) without its line end, and the place where it begins.
    pub fn line(&self, line: usize) -> Option<(usize, &'a str)> {
        let start = *self.line_starts.get(line.checked_sub(1)?)?;
        let end = self
            .line_starts
            .get(line)
            .map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end)?;
        Some((self.start + start, text.strip_suffix('\r').unwrap_or(text)))
    }

    /// The text that a span covers; empty if it reaches outside.
    pub fn slice(&self, span: Span) -> &'a str {
        let start = span.start.checked_sub(self.start);
        let end = span.end.checked_sub(self.start);
        start
            .zip(end)
            .and_then(|(start, end)| self.text.get(start..end))
            .unwrap_or("")
    }
}

/// Where each line begins.
pub(crate) fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect()
}

/// The text of a file's bytes.
pub(crate) fn text_of(name: &str, bytes: Vec<u8>) -> Result<String, SourceError> {
    if bytes.len() > MAX_SOURCE_BYTES {
        return Err(SourceError::TooLarge {
            name: name.to_owned(),
            bytes: bytes.len(),
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let position = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(position);
        SourceError::NotUtf8 {
            name: name.to_owned(),
            position,
            line: before.filter(|&&byte| byte == b'\n').count() + 1,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_lines() {
        let source = Source::new("x.yml", "ab\nhé: \u{1f600}x\r\n\nend");
        let check = |byte, expected| assert_eq!(source.line_column(byte), expected, "byte {byte}");
        check(0, (1, 1));
        check(2, (1, 3));
        check(3, (2, 1));
        check(4, (2, 2));
        check(5, (2, 2)); // within é
        check(6, (2, 3));
        check(12, (2, 6)); // after the emoji
        check(1000, (4, 4));
        let line = |line| source.file_at(0).line(line);
        assert_eq!(line(2), Some((3, "hé: \u{1f600}x")));
        assert_eq!(line(3), Some((15, "")));
        assert_eq!(line(4), Some((16, "end")));
        assert_eq!(line(0), None);
        assert_eq!(line(9), None);
        assert_eq!(source.place(Span::new(3, 4)), "x.yml:2:1");
        assert_eq!(Source::new("e", "").line_column(0), (1, 1));
    }

    #[test]
    fn bytes_must_be_small_utf8() {
        let check = |bytes: Vec<u8>, expected: &str| {
            let error = Source::from_bytes("capstep.yml", bytes).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(
            vec![b'a'; 10_000_000],
            "`capstep.yml` has 10000000 bytes; a pipeline may have at most 1048576 bytes (1 MiB)",
        );
        check(
            b"a: 1\nb: \xff".to_vec(),
            "`capstep.yml` is not UTF-8 text: byte 8 (line 2) can't be read; save the file as UTF-8",
        );
        let source = Source::from_bytes("capstep.yml", b"a: 1".to_vec()).unwrap();
        assert_eq!(source.text, "a: 1");
    }
}
