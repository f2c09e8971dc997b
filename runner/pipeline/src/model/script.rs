//! Steps with a script of the pipeline's own: `run` and what goes with it.
//!
//! They are made into the inputs of the runner's own manifest for scripts, so that from here on such a step is like any
//! other.

use super::fields::is_misspelt;
use super::keys::STEP;
use super::names::shown;
use super::pipeline::Step;
use super::reader::Reader;
use super::retry::Defaults;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::{Span, Spanned};
use crate::tree::{Node, Value};

/// What a step with a script uses. No plugin can be called so.
pub const SCRIPT: &str = "run:";

/// The key of the script.
const RUN: &str = "run";

/// The keys that go with it alone.
const WITH_IT: [&str; 4] = ["shell", "working-directory", "reads", "writes"];

/// The key that it has in common with plugins: of a script it is a list of origins.
const ALLOW: &str = "allow";

/// The longest part of a script that it is called by.
const TITLE: usize = 60;

impl Reader<'_> {
    /// What a step runs: its plugin, or its script with the inputs that are made of it.
    pub(super) fn what_it_runs(
        &mut self,
        node: &Node,
        here: Span,
        what: &str,
        defaults: &Defaults,
    ) -> (Option<Spanned<String>>, Option<Node>) {
        let uses = node.entry("uses");
        let Some((run, script)) = node.entry(RUN) else {
            for (key, _) in WITH_IT.iter().filter_map(|name| node.entry(name)) {
                let message = format!("`{}` goes with `run`", key.value);
                self.report(
                    Diagnostic::error(codes::UNKNOWN_KEY, key.span, message)
                        .help("what a plugin takes is written below `with`"),
                );
            }
            let is_misspelt = |name| is_misspelt(node, &STEP, name);
            if uses.is_none() && !is_misspelt("uses") && !is_misspelt(RUN) {
                let message = format!("{what} has neither `uses` nor `run`");
                self.report(
                    Diagnostic::error(codes::MISSING_KEY, here, message)
                        .help("add `uses:` with the name of a plugin, or `run:` with a script"),
                );
            }
            return (uses.and_then(|(key, node)| self.text(key, node)), None);
        };
        for (key, _) in ["uses", "with"].iter().filter_map(|name| node.entry(name)) {
            let message = format!("a step with `run` has no `{}`", shown(&key.value));
            self.report(
                Diagnostic::error(codes::UNKNOWN_KEY, key.span, message)
                    .related(run.span, "the script is here")
                    .help("a step runs a plugin or a script: make two steps of it, or write the values of a script in `env`, and the `run` of a plugin in its `with`"),
            );
        }
        let taken = |name: &&str| node.entry(name);
        let mut inputs = vec![(run.clone(), script.clone())];
        for (key, node) in WITH_IT.iter().chain([&ALLOW]).filter_map(taken) {
            inputs.push((key.clone(), node.clone()));
        }
        let own = |key: &Spanned<String>| node.entry(&key.value).is_some();
        let others = defaults.script.iter().filter(|(key, _)| !own(key));
        inputs.extend(others.cloned());
        let with = Node::new(Value::Map(inputs), node.span);
        let is_empty = matches!(&script.value, Value::String(text) if text.trim().is_empty());
        if is_empty || script.is_null() {
            self.report(
                Diagnostic::error(codes::EMPTY_VALUE, run.span, "`run` is empty")
                    .help("write a script, or remove the step"),
            );
        }
        (Some(Spanned::new(SCRIPT.to_owned(), run.span)), Some(with))
    }
}

impl Step {
    /// The step's script, where it has one of the pipeline's own.
    pub fn script(&self) -> Option<&str> {
        if self.uses.value != SCRIPT {
            return None;
        }
        self.with.as_ref()?.get(RUN)?.as_str()
    }

    /// What a step with a script is called: the first line that says something.
    pub fn script_title(&self) -> Option<String> {
        Some(format!("run: {}", first_line(self.script()?, TITLE)))
    }
}

/// The first line of a script that says something, of at most so many characters; ` …` where there is more.
pub fn first_line(script: &str, limit: usize) -> String {
    let mut lines = script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let line = lines.next().unwrap_or_default();
    let first: String = line.chars().take(limit).collect();
    let is_cut = first.len() < line.len() || lines.next().is_some();
    format!("{}{}", first.trim_end(), if is_cut { " …" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_called_by_what_it_says_first() {
        for (script, expected) in [
            ("make check", "make check"),
            ("\n# first\n  npm ci\nnpm test\n", "npm ci …"),
            ("echo 0123456789", "echo 01234 …"),
            ("echo 6789 cut at a blank", "echo 6789 …"),
            ("# nothing\n", ""),
        ] {
            assert_eq!(first_line(script, 10), expected, "{script:?}");
        }
    }
}
