//! What a step says: masked, cleaned, cut at a limit, line by line.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use capstep_grants::check::Denial;
use capstep_secrets::{Masker, StreamMasker};

use crate::observer::StepObserver;
use crate::protocol::{Annotation, Level, Progress};

/// How much a step may say. More than that is a runaway, and nobody reads it.
const LOG_LIMIT: u64 = 64 * 1024 * 1024;

/// What each thing said counts beside its text: as an event it takes room too, however little it says.
const OVERHEAD: u64 = 16;

/// The longest line: a longer one is broken, so that a log without line ends can't grow in memory.
const LINE_LIMIT: usize = 16 * 1024;

pub(crate) struct Voice {
    observer: Arc<dyn StepObserver>,
    masker: Masker,
    said: AtomicU64,
    streams: Mutex<[Option<Lines>; 2]>,
}

/// A stream of bytes on its way to becoming lines.
pub(crate) struct Lines {
    masker: StreamMasker,
    rest: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(masker: &Masker) -> Self {
        Self {
            masker: StreamMasker::new(masker),
            rest: Vec::new(),
        }
    }

    /// The whole lines that are known after these bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let masked = self.masker.push(bytes);
        self.rest.extend_from_slice(&masked);
        self.split(false)
    }

    /// What was left.
    pub(crate) fn finish(self) -> Vec<String> {
        let Self { masker, mut rest } = self;
        rest.extend_from_slice(&masker.finish());
        let mut lines = Self {
            masker: StreamMasker::new(&Masker::new([])),
            rest,
        };
        lines.split(true)
    }

    fn split(&mut self, all: bool) -> Vec<String> {
        let mut lines = Vec::new();
        let mut start = 0;
        while let Some(rest) = self.rest.get(start..) {
            let end = match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) if end <= LINE_LIMIT => end + 1,
                Some(_) => LINE_LIMIT,
                None if rest.len() > LINE_LIMIT => LINE_LIMIT,
                None => break,
            };
            let line = rest.get(..end).unwrap_or_default();
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            lines.push(String::from_utf8_lossy(line).into_owned());
            start += end;
        }
        self.rest.drain(..start);
        if all && !self.rest.is_empty() {
            lines.push(String::from_utf8_lossy(&self.rest).into_owned());
            self.rest.clear();
        }
        lines
    }
}

impl Voice {
    pub(crate) fn new(observer: Arc<dyn StepObserver>, masker: Masker) -> Self {
        Self {
            observer,
            masker,
            said: AtomicU64::new(0),
            streams: Mutex::new([None, None]),
        }
    }

    /// A message of the plugin's: each of its lines is a line.
    pub(crate) fn message(&self, level: Level, text: &str) {
        let masked = self.masker.mask_str(text);
        for line in masked.lines() {
            let mut rest = line;
            while rest.len() > LINE_LIMIT {
                let (part, after) = rest.split_at(rest.floor_char_boundary(LINE_LIMIT));
                self.line(level, part);
                rest = after;
            }
            self.line(level, rest);
        }
    }

    /// A masked line.
    pub(crate) fn line(&self, level: Level, line: &str) {
        if self.has_room(line) {
            self.observer.line(level, &clean(line));
        }
    }

    /// Whether one more thing may be said; the first that may not is the log's end, which is told.
    fn has_room(&self, text: &str) -> bool {
        let length = text.len() as u64 + OVERHEAD;
        let before = self.said.fetch_add(length, Ordering::Relaxed);
        let room = before + length <= LOG_LIMIT;
        if !room && before <= LOG_LIMIT {
            self.observer
                .line(Level::Warn, "the log is cut here: a step may say 64 MiB");
        }
        room
    }

    /// Bytes of the guest's own standard streams.
    pub(crate) fn stream(&self, index: usize, bytes: &[u8]) {
        let lines = {
            let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
            match streams.get_mut(index) {
                Some(slot) => slot
                    .get_or_insert_with(|| Lines::new(&self.masker))
                    .push(bytes),
                None => Vec::new(),
            }
        };
        for line in lines {
            self.line(Level::Info, &line);
        }
    }

    /// Says what was left of the guest's streams.
    pub(crate) fn finish(&self) {
        let streams = {
            let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *streams)
        };
        for lines in streams.into_iter().flatten() {
            for line in lines.finish() {
                self.line(Level::Info, &line);
            }
        }
    }

    pub(crate) fn group(&self, title: &str) {
        if self.has_room(title) {
            self.observer.group(&clean(&self.masker.mask_str(title)));
        }
    }

    pub(crate) fn end_group(&self) {
        if self.has_room("") {
            self.observer.end_group();
        }
    }

    pub(crate) fn progress(&self, mut progress: Progress) {
        if !self.has_room(&progress.what) {
            return;
        }
        progress.what = clean(&self.masker.mask_str(&progress.what));
        self.observer.progress(&progress);
    }

    pub(crate) fn annotate(&self, mut annotation: Annotation) {
        if !self.has_room(&annotation.message)
            || !self.has_room(annotation.file.as_deref().unwrap_or_default())
        {
            return;
        }
        annotation.message = clean(&self.masker.mask_str(&annotation.message));
        annotation.file = annotation
            .file
            .map(|file| clean(&self.masker.mask_str(&file)));
        self.observer.annotate(&annotation);
    }

    pub(crate) fn denied(&self, denial: &Denial) {
        self.observer.denied(denial);
    }
}

/// Takes out what a terminal or a CI server would obey: control characters and escape sequences other than colours.
/// Markers such as `::set-env` or `##vso[` are obeyed only at the start of a line; reports never put a step's text
/// there. GitLab's section markers are obeyed anywhere, behind a carriage return: those are control characters.
fn clean(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                // A colour is `ESC [ digits and ; m`; whatever else begins like that is dropped up to its last byte.
                if chars.peek() != Some(&'[') {
                    continue;
                }
                chars.next();
                let mut parameters = String::new();
                let mut last = None;
                for c in chars.by_ref() {
                    if ('\u{40}'..='\u{7e}').contains(&c) {
                        last = Some(c);
                        break;
                    }
                    parameters.push(c);
                }
                if last == Some('m') && parameters.chars().all(|c| c.is_ascii_digit() || c == ';') {
                    clean.push_str("\u{1b}[");
                    clean.push_str(&parameters);
                    clean.push('m');
                }
            }
            '\t' => clean.push('\t'),
            c if c.is_control() => {}
            // Characters that reorder text on the screen can make a line say what it doesn't.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_obey() {
        for (line, expected) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "\u{1b}[31mred\u{1b}[0m"),
            ("\u{1b}[2Jx", "x"),
            ("\u{1b}]0;title\u{7}x", "]0;titlex"),
            ("a\rsection_start:1:x\r\u{1b}[0Kb", "asection_start:1:xb"),
            ("a\tb\u{0}\u{8}", "a\tb"),
            ("\u{202e}abc", "abc"),
            ("\u{1b}[31;", ""),
        ] {
            assert_eq!(clean(line), expected, "{line:?}");
        }
    }
}
