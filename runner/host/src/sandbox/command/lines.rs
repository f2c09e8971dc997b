//! The guest's standard output, line by line.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wasmtime_wasi::async_trait;

use crate::sandbox::limits;
use crate::sandbox::wasi::stdio::Sink;

/// The bytes of whole lines that wait to be read before the guest has to. Two of the largest, so that one can be
/// written while another is read.
const WAITING: usize = 2 * limits::MESSAGE;

/// A queue of lines between the guest and its session.
#[derive(Default)]
pub(crate) struct Lines {
    state: Mutex<State>,
    /// A line was added.
    added: Notify,
    /// A line was taken.
    taken: Notify,
}

#[derive(Default)]
struct State {
    unfinished: Vec<u8>,
    whole: VecDeque<Vec<u8>>,
    waiting: usize,
    /// A line was longer than a message may be; nothing is kept after that.
    overlong: bool,
}

/// What came of waiting for a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line, without its end.
    Whole(Vec<u8>),
    /// A line longer than [`limits::MESSAGE`].
    Overlong,
}

impl Lines {
    /// The next line, if there is one now.
    pub(crate) fn try_next(&self) -> Option<Line> {
        let mut state = self.state();
        if let Some(line) = state.whole.pop_front() {
            state.waiting -= line.len();
            drop(state);
            self.taken.notify_one();
            return Some(Line::Whole(line));
        }
        state.overlong.then_some(Line::Overlong)
    }

    /// The next line. Can be dropped while waiting; nothing is lost.
    pub(crate) async fn next(&self) -> Line {
        loop {
            let added = self.added.notified();
            if let Some(line) = self.try_next() {
                return line;
            }
            added.await;
        }
    }

    /// What was written after the last line end, when the guest has ended: the last line of a program that doesn't end
    /// it.
    pub(crate) fn finish(&self) {
        let mut state = self.state();
        if !state.unfinished.is_empty() {
            let line = std::mem::take(&mut state.unfinished);
            state.push(line);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, mut line: Vec<u8>) {
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        self.waiting += line.len();
        self.whole.push_back(line);
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.overlong {
                return;
            }
            let (content, ended) = match part.strip_suffix(b"\n") {
                Some(content) => (content, true),
                None => (part, false),
            };
            if self.unfinished.len() + content.len() > limits::MESSAGE {
                self.overlong = true;
                self.unfinished = Vec::new();
                return;
            }
            self.unfinished.extend_from_slice(content);
            if ended {
                let line = std::mem::take(&mut self.unfinished);
                self.push(line);
            }
        }
    }
}

#[async_trait]
impl Sink for Lines {
    fn write(&self, bytes: &[u8]) {
        self.state().write(bytes);
        self.added.notify_one();
    }

    fn is_ready(&self) -> bool {
        let state = self.state();
        state.overlong || state.waiting < WAITING
    }

    async fn ready(&self) {
        loop {
            let taken = self.taken.notified();
            if self.is_ready() {
                return;
            }
            taken.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(writes: &[&[u8]]) -> Vec<Line> {
        let lines = Lines::default();
        for write in writes {
            lines.write(write);
        }
        lines.finish();
        let mut found = Vec::new();
        while let Some(line) = lines.try_next() {
            let end = line == Line::Overlong;
            found.push(line);
            if end {
                break;
            }
        }
        found
    }

    #[test]
    fn lines_are_cut_wherever_the_writes_are() {
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        for (writes, expected) in [
            (&[&b"a\nb\n"[..]][..], vec![whole("a"), whole("b")]),
            (&[b"a", b"b\nc", b"\n"], vec![whole("ab"), whole("c")]),
            (&[b"a\r\n"], vec![whole("a")]),
            (&[b"a\nrest"], vec![whole("a"), whole("rest")]),
            (&[b"\n"], vec![whole("")]),
            (&[], vec![]),
        ] {
            assert_eq!(lines(writes), expected);
        }
    }

    #[test]
    fn a_line_as_long_as_a_message_is_whole_and_a_longer_one_is_not() {
        let mut text = vec![b'x'; limits::MESSAGE];
        text.push(b'\n');
        assert!(
            matches!(&lines(&[&text])[..], [Line::Whole(line)] if line.len() == limits::MESSAGE)
        );
        text.insert(0, b'x');
        assert_eq!(lines(&[&text, b"after\n"]), [Line::Overlong]);
    }
}
