//! Texts measured in the cells of a terminal.

use unicode_width::UnicodeWidthChar as _;

use crate::printer::{Look, Style};

/// Asks for a character's picture, which is two cells wide, where its sign would be one.
const AS_PICTURE: char = '\u{fe0f}';

/// How many cells a character takes. What joins others is counted as well, since many terminals show joined pictures
/// one beside the other: a line may come out too short, never too long.
fn cells(character: char) -> usize {
    match character {
        AS_PICTURE => 1,
        other => other.width().unwrap_or(0),
    }
}

/// How many cells a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(cells).sum()
}

/// The beginning of a text that fits into so many cells.
fn beginning(text: &str, limit: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        used += cells(*character);
        used > limit
    });
    end.map_or(text, |(at, _)| text.get(..at).unwrap_or(text))
}

/// The text cut to so many cells, and what says that it was cut.
pub(super) fn cut(text: &str, limit: usize, look: Look) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let mark = if look.unicode { "…" } else { "~" };
    match limit.checked_sub(1) {
        None => String::new(),
        Some(limit) => format!("{}{mark}", beginning(text, limit)),
    }
}

/// A line of pieces that each have a style.
#[derive(Debug, Default)]
pub(super) struct Line(Vec<(Option<Style>, String)>);

impl Line {
    /// Adds a piece.
    pub(super) fn push(&mut self, style: Option<Style>, text: impl Into<String>) {
        self.0.push((style, text.into()));
    }

    /// Adds a piece with spaces before it, so that it ends after so many cells.
    pub(super) fn right(&mut self, style: Style, text: &str, cells: usize) {
        self.push(None, " ".repeat(cells.saturating_sub(width(text))));
        self.push(Some(style), text);
    }

    /// Adds a piece with spaces behind it: so many cells in all.
    pub(super) fn left(&mut self, style: Option<Style>, text: &str, cells: usize) {
        self.push(style, text);
        self.push(None, " ".repeat(cells.saturating_sub(width(text))));
    }

    /// The line as it is written, at most so many cells wide.
    pub(super) fn show(&self, limit: usize, look: Look) -> String {
        // Spaces at its end are no reason to cut it.
        let filled = |(_, text): &(Option<Style>, String)| !text.trim_end().is_empty();
        let end = self.0.iter().rposition(filled).map_or(0, |last| last + 1);
        let pieces = || self.0.iter().take(end);
        let whole: usize = pieces().map(|(_, text)| width(text)).sum();
        let mut left = if whole > limit {
            limit.saturating_sub(1)
        } else {
            limit
        };
        let mut shown = String::new();
        for (style, text) in pieces() {
            let part = beginning(text, left);
            match style {
                Some(style) => shown.push_str(&look.paint(*style, part)),
                None => shown.push_str(part),
            }
            left -= width(part);
            if part.len() < text.len() {
                break;
            }
        }
        if whole > limit && limit > 0 {
            shown.push_str(if look.unicode { "…" } else { "~" });
        }
        shown.truncate(shown.trim_end_matches(' ').len());
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look {
        colour: false,
        unicode: true,
    };

    #[test]
    fn texts_are_measured_in_cells() {
        let check = |text, expected| assert_eq!(width(text), expected, "{text:?}");
        check("", 0);
        check("abc", 3);
        check("é", 1);
        check("e\u{301}", 1);
        check("日本", 4);
        check("🚀", 2);
        check("❤\u{fe0f}", 2);
        check("\u{200d}", 0);
    }

    #[test]
    fn texts_are_cut() {
        let check =
            |text, limit, expected| assert_eq!(cut(text, limit, PLAIN), expected, "{text:?}");
        check("abc", 3, "abc");
        check("abcd", 3, "ab…");
        check("日本語", 6, "日本語");
        // Half of a wide character is none.
        check("日本語", 4, "日…");
        check("日本語", 3, "日…");
        check("abc", 1, "…");
        check("abc", 0, "");
        check("", 0, "");
    }

    #[test]
    fn lines_are_cut_between_colours() {
        let mut line = Line::default();
        line.right(Style::Faint, "1 s", 5);
        line.push(None, " ");
        line.left(Some(Style::Name), "日本", 5);
        line.push(None, "x");
        let check = |limit, colour, expected: &str| {
            let look = Look { colour, ..PLAIN };
            assert_eq!(line.show(limit, look), expected, "{limit}");
        };
        check(12, false, "  1 s 日本 x");
        check(11, false, "  1 s 日本…");
        check(9, false, "  1 s 日…");
        check(1, false, "…");
        check(0, false, "");
        check(11, true, "  \u{1b}[2m1 s\u{1b}[0m \u{1b}[36m日本\u{1b}[0m…");
    }
}
