//! `retry` and `defaults`.

use std::time::Duration;

use super::fields::mark;
use super::keys::{DEFAULTS, RETRY};
use super::pipeline::{Backoff, FAILURES, Retry};
use super::reader::Reader;
use crate::source::Spanned;
use crate::tree::{Node, Value};

/// The most tries of one step. Who needs more waits for something: a health check does that better.
const MAX_ATTEMPTS: u32 = 100;

/// How long to wait before the second try where nothing is said.
const DEFAULT_DELAY: Duration = Duration::from_secs(1);

/// Who can read a script.
const SHELLS: [&str; 2] = ["bash", "sh"];

/// What steps have that don't say otherwise.
#[derive(Debug, Clone, Default)]
pub(super) struct Defaults {
    pub(super) timeout: Option<Spanned<Duration>>,
    pub(super) retry: Option<Retry>,
    /// Keys of a script, by their names, as they are written here.
    pub(super) script: Vec<(Spanned<String>, Node)>,
}

impl Defaults {
    /// Takes a key of a script in the place of the one around, unless it is a mistake.
    fn of_script(&mut self, key: &Spanned<String>, node: &Node, good: bool) {
        if !good {
            return;
        }
        self.script.retain(|(around, _)| around.value != key.value);
        self.script.push((key.clone(), node.clone()));
    }
}

impl Reader<'_> {
    /// Reads `defaults`; what it doesn't say stays as it is around.
    pub(super) fn defaults(
        &mut self,
        key: &Spanned<String>,
        node: &Node,
        around: &Defaults,
    ) -> Defaults {
        let mut defaults = around.clone();
        let entries = self.level(node, &DEFAULTS, "`defaults`", key.span);
        for (key, node) in entries.unwrap_or_default() {
            match key.value.as_str() {
                "timeout" => defaults.timeout = self.duration(key, node),
                "retry" => defaults.retry = self.retry(key, node),
                "shell" => {
                    let read = self.word("`shell`", key.span, node, &SHELLS);
                    defaults.of_script(key, node, read.is_some());
                }
                "working-directory" => {
                    let read = self.text(key, node);
                    defaults.of_script(key, node, read.is_some());
                }
                _ => {}
            }
        }
        defaults
    }

    /// Reads `retry`: a number of tries, or a map.
    pub(super) fn retry(&mut self, key: &Spanned<String>, node: &Node) -> Option<Retry> {
        let mut retry = Retry {
            attempts: 0,
            delay: DEFAULT_DELAY,
            backoff: Backoff::Constant,
            on: Vec::new(),
        };
        if matches!(node.value, Value::Number(_)) {
            retry.attempts = self.count(key, node, MAX_ATTEMPTS)?;
            return Some(retry);
        }
        for (key, node) in self.level(node, &RETRY, "`retry`", key.span)? {
            match key.value.as_str() {
                "attempts" => retry.attempts = self.count(key, node, MAX_ATTEMPTS).unwrap_or(0),
                "delay" => {
                    let delay = self.duration(key, node);
                    retry.delay = delay.map_or(DEFAULT_DELAY, |delay| delay.value);
                }
                "backoff" => {
                    let words = ["constant", "exponential"];
                    if self.word("`backoff`", key.span, node, &words) == Some("exponential") {
                        retry.backoff = Backoff::Exponential;
                    }
                }
                "on" => retry.on = self.failures(key, node),
                _ => {}
            }
        }
        (retry.attempts > 0).then_some(retry)
    }

    fn failures(&mut self, key: &Spanned<String>, node: &Node) -> Vec<&'static str> {
        let items = match &node.value {
            Value::String(_) => std::slice::from_ref(node),
            Value::List(items) => items,
            _ => {
                let span = mark(key.span, node);
                self.wrong_type("`on`", "a kind of failure or a list of them", span, node);
                return Vec::new();
            }
        };
        items
            .iter()
            .filter_map(|item| self.word("a kind of failure", key.span, item, FAILURES))
            .collect()
    }
}
