//! The one place that writes to standard output and standard error.

use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal as _, Write as _};

use crate::error::CliError;

/// Writes data to standard output and words for people to standard error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    /// What standard error can show.
    pub(crate) people: Look,
    /// What standard output can show.
    pub(crate) data: Look,
    /// Whether standard error is a terminal.
    pub(crate) is_terminal: bool,
}

/// How text may look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Colours: on a terminal, unless somebody said no.
    pub(crate) colour: bool,
    /// Lines and corners beyond ASCII: on a terminal that says it reads UTF-8.
    pub(crate) unicode: bool,
}

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Strong,
    Faint,
    Good,
    Bad,
    Notice,
    Name,
}

impl Look {
    /// The text in a style, where there are colours.
    pub(crate) fn paint<'a>(self, style: Style, text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        let text = text.into();
        if !self.colour || text.is_empty() {
            return text;
        }
        let code = match style {
            Style::Strong => "1",
            Style::Faint => "2",
            Style::Good => "32",
            Style::Bad => "1;31",
            Style::Notice => "33",
            Style::Name => "36",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m").into()
    }
}

impl Printer {
    /// A printer for the streams as they are. `plain`: somebody asked for no colours; `utf8`: the locale says UTF-8.
    pub(crate) fn detect(plain: bool, utf8: bool) -> Self {
        let look = |terminal: bool| Look {
            colour: terminal && !plain,
            unicode: terminal && utf8,
        };
        let is_terminal = std::io::stderr().is_terminal();
        Self {
            people: look(is_terminal),
            data: look(std::io::stdout().is_terminal()),
            is_terminal,
        }
    }

    /// Writes words for people. If standard error is gone there is nobody to tell.
    pub(crate) fn people(&self, text: &str) {
        self.terminal(&self.cleaned(text));
    }

    /// Words for people, as they are written.
    pub(crate) fn cleaned<'a>(&self, text: &'a str) -> Cow<'a, str> {
        clean(text, Colours::of(self.people))
    }

    /// Writes to standard error what is cleaned, and what moves a terminal's cursor.
    pub(crate) fn terminal(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Writes a page of data that people read: a plan, a list.
    pub(crate) fn page(&self, text: &str) -> Result<(), CliError> {
        self.data(&clean(text, Colours::of(self.data)))
    }

    /// Writes data for programs, as it is.
    ///
    /// A reader that has seen enough (`| head`) is no error.
    pub(crate) fn data(&self, text: &str) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                let message = format!("standard output can't be written to: {error}");
                Err(CliError::infrastructure(message))
            }
            _ => Ok(()),
        }
    }
}

/// What becomes of sequences that only change colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colours {
    /// They are left.
    Kept,
    /// They are written out, as everything else that a terminal obeys.
    Written,
    /// They are taken out.
    Dropped,
}

impl Colours {
    fn of(look: Look) -> Self {
        if look.colour {
            Self::Kept
        } else {
            Self::Written
        }
    }
}

/// The text as a page shows it: without colours, and with what would be obeyed or reordered written out.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    clean(text, Colours::Dropped)
}

/// The text with what a terminal would obey, or would show in another order, written out: pipelines and plugins are
/// others' text.
fn clean(text: &str, colours: Colours) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_unsafe) {
        let (before, from) = rest.split_at(at);
        cleaned.push_str(before);
        let length = match colours {
            Colours::Written => 0,
            Colours::Kept | Colours::Dropped => colour_sequence(from),
        };
        if length > 0 {
            let (sequence, after) = from.split_at(length);
            if colours == Colours::Kept {
                cleaned.push_str(sequence);
            }
            rest = after;
        } else {
            let mut characters = from.chars();
            cleaned.extend(characters.next().into_iter().flat_map(char::escape_unicode));
            rest = characters.as_str();
        }
    }
    cleaned.push_str(rest);
    Cow::Owned(cleaned)
}

fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The length of the colour sequence (`ESC [ numbers m`) that the text starts with; 0 where there is none.
fn colour_sequence(text: &str) -> usize {
    let Some(inner) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let end = inner.find(|c: char| !c.is_ascii_digit() && c != ';');
    match end.and_then(|end| inner.get(end..).map(|rest| (end, rest))) {
        // What is before the numbers and the `m` behind them.
        Some((end, rest)) if rest.starts_with('m') => end + 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_obey_is_written_out() {
        let check = |text, colours, expected: &str| {
            assert_eq!(clean(text, colours), expected, "{text:?}");
        };
        check("plain → text\n\t", Colours::Written, "plain → text\n\t");
        check("a\u{1b}[2Jb", Colours::Kept, "a\\u{1b}[2Jb");
        check(
            "a\u{1b}[1;31mb\u{1b}[0m",
            Colours::Kept,
            "a\u{1b}[1;31mb\u{1b}[0m",
        );
        check("a\u{1b}[31mb", Colours::Written, "a\\u{1b}[31mb");
        check("\u{1b}[", Colours::Kept, "\\u{1b}[");
        check(
            "\u{1b}]0;title\u{7}",
            Colours::Kept,
            "\\u{1b}]0;title\\u{7}",
        );
        check("a\u{1b}[1;31mb\u{1b}[2J", Colours::Dropped, "ab\\u{1b}[2J");
        check("x\r\u{202e}y", Colours::Written, "x\\u{d}\\u{202e}y");
    }

    #[test]
    fn styles_need_colours() {
        let colour = Look {
            colour: true,
            unicode: false,
        };
        assert_eq!(colour.paint(Style::Name, "a"), "\u{1b}[36ma\u{1b}[0m");
        assert_eq!(Look::default().paint(Style::Name, "a"), "a");
        assert_eq!(colour.paint(Style::Name, ""), "");
    }
}
