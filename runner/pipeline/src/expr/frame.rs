//! What names stand for where an expression was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::evaluate::evaluate_template;
use super::scope::{Evaluated, JobStatus, Scope};
use super::template::Template;

/// What `env.NAME` stands for at a place of the file: what is written there, over what is around it.
///
/// A value is a text of the file, worked out where it is used: it has no more in it, and is no more secret, than what
/// it was written with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    own: BTreeMap<String, Template>,
    around: Option<Arc<Frame>>,
}

impl Frame {
    /// A frame with these names, within another one.
    pub(crate) fn within(around: &Arc<Self>, own: BTreeMap<String, Template>) -> Self {
        Self {
            own,
            around: Some(Arc::clone(around)),
        }
    }

    /// What a name stands for: the step's own before the job's before the pipeline's.
    pub fn get(&self, name: &str) -> Option<&Template> {
        let own = self.own.get(name);
        own.or_else(|| self.around.as_ref()?.get(name))
    }

    /// Every name; one that several levels have comes several times.
    pub(crate) fn names(&self) -> Vec<&str> {
        let around = self.around.as_ref().map(|around| around.names());
        let own = self.own.keys().map(String::as_str);
        own.chain(around.unwrap_or_default()).collect()
    }
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
            [context, name] if context == "env" => match self.frame.get(name) {
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
