//! The last lines that a step wrote.

use std::collections::VecDeque;

/// How many lines of a failed instruction are shown: a compiler's last error and what led to it.
const LINES: usize = 25;

/// Longer lines are cut; what is shown is for people.
const LINE_LENGTH: usize = 1000;

/// The last lines of a stream of bytes.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
    /// The line that isn't ended yet.
    open: Vec<u8>,
}

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.open);
                self.end(&line);
            } else if self.open.len() < LINE_LENGTH {
                self.open.push(*byte);
            }
        }
    }

    fn end(&mut self, line: &[u8]) {
        // A carriage return overwrites: what stands behind the last one is what a terminal would show.
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches('\r');
        let shown = text.rsplit('\r').next().unwrap_or(text);
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(shown.to_owned());
    }

    pub(super) fn lines(mut self) -> Vec<String> {
        let line = std::mem::take(&mut self.open);
        if !line.is_empty() {
            self.end(&line);
        }
        self.lines.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept() {
        let mut tail = Tail::default();
        for index in 0..100 {
            tail.push(format!("line {index}\n").as_bytes());
        }
        tail.push(b"10%\r20%\r\n");
        tail.push(&[b'x'; 5000]);
        let lines = tail.lines();
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines.first().map(String::as_str), Some("line 77"));
        assert_eq!(lines.get(23).map(String::as_str), Some("20%"));
        assert_eq!(lines.last().map(String::len), Some(LINE_LENGTH));
    }
}
