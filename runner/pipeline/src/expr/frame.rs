//! What names stand for where an expression was written.

use std::collections::BTreeMap;

use super::evaluate::evaluate_template;
use super::scope::{Evaluated, JobStatus, Scope};
use super::template::Template;

/// What `env.NAME` stands for at a place of the file.
///
/// A value is a text of the file, worked out where it is used: it has no more in it, and is no more secret, than what
/// it was written with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// By name; the step's own before the job's before the pipeline's.
    pub env: BTreeMap<String, Template>,
}

/// A scope with what a frame adds to it.
pub struct Framed<'a> {
    /// Where all else is looked up.
    pub scope: &'a dyn Scope,
    /// What it adds.
    pub frame: &'a Frame,
}

impl Scope for Framed<'_> {
    fn lookup(&self, path: &[String]) -> Result<Evaluated, String> {
        match path {
            [context, name] if context == "env" => match self.frame.env.get(name) {
                // A value of `env` never refers to `env`, so this goes no deeper.
                Some(template) => {
                    evaluate_template(template, self.scope).map_err(|error| error.message)
                }
                None => Err(format!("`env` has no `{name}` here")),
            },
            _ => self.scope.lookup(path),
        }
    }

    fn status(&self) -> JobStatus {
        self.scope.status()
    }

    fn hash_files(&self, patterns: &[String]) -> Result<String, String> {
        self.scope.hash_files(patterns)
    }
}
