//! A step's log, kept within bounds: its beginning and its end.

use std::collections::VecDeque;

/// How much of a log's beginning is kept, in bytes: what a step says it does.
const HEAD: usize = 32 * 1024;
/// How much of its end is kept, in bytes: what a compiler says before it gives up. With the beginning, a hundred long
/// logs are some megabytes, which browsers and CI servers still take.
const TAIL: usize = 96 * 1024;
/// How much of the end is kept where the run's logs are long altogether, in bytes.
const SHORT: usize = 4 * 1024;
/// The longest line that is kept whole, in bytes: longer than a terminal's, shorter than a minified file.
const LINE: usize = 8 * 1024;
/// What a line costs beside its text, in bytes: a log of empty lines is bounded as well.
const EACH: usize = 48;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Weight {
    Debug,
    Info,
    Warn,
    Error,
    /// The title of a group of lines.
    Group,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct Line {
    pub(in crate::report) weight: Weight,
    /// How many groups are around it.
    pub(in crate::report) depth: usize,
    pub(in crate::report) text: String,
}

impl Line {
    fn cost(&self) -> usize {
        self.text.len() + EACH
    }
}

/// A log.
#[derive(Debug, Default)]
pub(in crate::report) struct Log {
    head: Vec<Line>,
    tail: VecDeque<Line>,
    head_cost: usize,
    tail_cost: usize,
    left_out: u64,
    depth: usize,
}

impl Log {
    /// Adds what is one line to a plugin; line ends in it make it several.
    pub(super) fn push(&mut self, weight: Weight, text: &str) {
        for text in text.lines() {
            self.push_line(Line {
                weight,
                depth: self.depth,
                text: cut(text, LINE),
            });
        }
    }

    pub(super) fn open(&mut self, title: &str) {
        self.push(Weight::Group, title);
        self.depth += 1;
    }

    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Closes all groups: an attempt has ended.
    pub(super) fn close_all(&mut self) {
        self.depth = 0;
    }

    fn push_line(&mut self, line: Line) {
        let cost = line.cost();
        if self.tail.is_empty() && self.left_out == 0 && self.head_cost + cost <= HEAD {
            self.head_cost += cost;
            return self.head.push(line);
        }
        self.tail_cost += cost;
        self.tail.push_back(line);
        self.drop_to(TAIL);
    }

    fn drop_to(&mut self, limit: usize) {
        while self.tail_cost > limit {
            let Some(line) = self.tail.pop_front() else {
                return;
            };
            self.tail_cost -= line.cost();
            self.left_out += 1;
        }
    }

    /// Keeps only the last lines.
    pub(super) fn shorten(&mut self) {
        let mut all: VecDeque<Line> = std::mem::take(&mut self.head).into();
        self.tail_cost += std::mem::take(&mut self.head_cost);
        all.append(&mut self.tail);
        self.tail = all;
        self.drop_to(SHORT);
    }

    /// What it costs to keep, in bytes.
    pub(super) fn cost(&self) -> usize {
        self.head_cost + self.tail_cost
    }

    /// Its beginning; how many lines were left out behind it; its end.
    pub(in crate::report) fn parts(&self) -> (&[Line], u64, impl Iterator<Item = &Line>) {
        (&self.head, self.left_out, self.tail.iter())
    }

    /// The last lines that weigh more than a close look.
    pub(in crate::report) fn last(&self, number: usize) -> Vec<&Line> {
        let lines = self.head.iter().chain(&self.tail);
        let lines: Vec<&Line> = lines.filter(|line| line.weight != Weight::Debug).collect();
        let skipped = lines.len().saturating_sub(number);
        lines.into_iter().skip(skipped).collect()
    }

    /// How many lines there were.
    pub(in crate::report) fn lines(&self) -> u64 {
        (self.head.len() + self.tail.len()) as u64 + self.left_out
    }
}

/// The text, cut where it is longer than so many bytes.
pub(in crate::report) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(limit);
    let kept = text.get(..end).unwrap_or_default();
    format!("{kept} … ({} bytes more)", text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_keeps_both_its_ends() {
        let mut log = Log::default();
        for number in 0..10_000 {
            log.push(Weight::Info, &format!("line {number}"));
        }
        assert!(log.cost() <= HEAD + TAIL);
        assert_eq!(log.lines(), 10_000);
        let (head, left_out, tail) = log.parts();
        assert_eq!(head.first().map(|line| line.text.as_str()), Some("line 0"));
        let tail: Vec<_> = tail.collect();
        assert_eq!(
            tail.last().map(|line| line.text.as_str()),
            Some("line 9999")
        );
        assert_eq!(head.len() as u64 + left_out + tail.len() as u64, 10_000);
        log.shorten();
        assert!(log.cost() <= SHORT);
        assert_eq!(log.lines(), 10_000);
        assert_eq!(
            log.last(1).first().map(|line| line.text.as_str()),
            Some("line 9999")
        );
    }

    #[test]
    fn lines_are_cut_between_characters() {
        assert_eq!(cut("äöü", 6), "äöü");
        assert_eq!(cut("äöü", 3), "ä … (4 bytes more)");
        let mut log = Log::default();
        log.push(Weight::Info, "a\nb\r\nc");
        log.open("group");
        log.push(Weight::Debug, "d");
        log.close();
        log.close();
        log.push(Weight::Warn, "e");
        let lines: Vec<_> = log
            .last(9)
            .iter()
            .map(|line| (line.depth, line.text.as_str()))
            .collect();
        assert_eq!(
            lines,
            [(0, "a"), (0, "b"), (0, "c"), (0, "group"), (0, "e")]
        );
        assert_eq!(log.lines(), 6);
    }
}
