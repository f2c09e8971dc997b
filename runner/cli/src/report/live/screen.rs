//! Lines and the area below them, as bytes for a terminal.
//!
//! Between two writes the cursor stands at the beginning of the area's first row. So the area can be taken away
//! without counting its rows: a terminal that was made narrower may have broken its lines into more of them.

use std::fmt::Write as _;

/// To the beginning of the row.
const HOME: &str = "\r";
/// Erases from the cursor to the end of its row.
const REST_OF_ROW: &str = "\u{1b}[K";
/// Erases from the cursor to the end of the screen.
const REST_OF_SCREEN: &str = "\u{1b}[J";

/// What stands on the terminal below the report's lines.
#[derive(Debug, Default)]
pub(super) struct Screen {
    area: Vec<String>,
}

impl Screen {
    /// What to write for more lines above the area, and for the area as it is to be then; in one write, so that nobody
    /// sees the screen in between. Empty where nothing changes.
    pub(super) fn draw(&mut self, lines: &str, area: Vec<String>) -> String {
        if lines.is_empty() && area == self.area {
            return String::new();
        }
        let mut bytes = String::with_capacity(lines.len() + 256);
        if !self.area.is_empty() {
            bytes.push_str(HOME);
            // Rows that only change are written over: they are never blank.
            if !lines.is_empty() || area.is_empty() {
                bytes.push_str(REST_OF_SCREEN);
            }
        }
        bytes.push_str(lines);
        for (row, line) in area.iter().enumerate() {
            if row > 0 {
                bytes.push_str("\r\n");
            }
            bytes.push_str(line);
            let is_last = row + 1 == area.len();
            bytes.push_str(if is_last { REST_OF_SCREEN } else { REST_OF_ROW });
        }
        if !area.is_empty() {
            bytes.push_str(HOME);
        }
        if area.len() > 1 {
            // Writing to a text does not fail.
            let _ = write!(bytes, "\u{1b}[{}A", area.len() - 1);
        }
        self.area = area;
        bytes
    }

    /// Others have written to the terminal: what was there scrolls away, and the area is drawn where the cursor is now.
    pub(super) fn forget(&mut self) {
        self.area.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_written_and_nothing_else() {
        let mut screen = Screen::default();
        let mut check = |lines: &str, area: &[&str], expected: &str| {
            let area = area.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(screen.draw(lines, area), expected);
        };
        check("", &[], "");
        check("one\n", &[], "one\n");
        check("", &["a", "b"], "a\u{1b}[K\r\nb\u{1b}[J\r\u{1b}[1A");
        check("", &["a", "b"], "");
        check("", &["a", "c"], "\ra\u{1b}[K\r\nc\u{1b}[J\r\u{1b}[1A");
        check("", &["c"], "\rc\u{1b}[J\r");
        check("two\n", &["c"], "\r\u{1b}[Jtwo\nc\u{1b}[J\r");
        check("three\n", &[], "\r\u{1b}[Jthree\n");
        check("", &[], "");
        check("", &["d"], "d\u{1b}[J\r");
        check("", &[], "\r\u{1b}[J");
    }

    #[test]
    fn after_others_have_written_nothing_of_theirs_is_erased() {
        let mut screen = Screen::default();
        screen.draw("", vec!["a".to_owned()]);
        screen.forget();
        assert_eq!(screen.draw("", vec!["a".to_owned()]), "a\u{1b}[J\r");
    }
}
