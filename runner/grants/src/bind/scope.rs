//! What is known when inputs are bound.

use capstep_pipeline::expr::{
    Evaluated, Frame, Framed, JobStatus, Reference, Scope, Target, Template,
};

/// Where expressions look up their values, and how far those can be trusted to be the author's own.
pub trait InputScope: Scope + Sync {
    /// What is known of a reference.
    fn knowledge(&self, reference: &Reference) -> Knowledge;

    /// What is known of the digests of files.
    fn files(&self) -> Knowledge {
        Knowledge::NotYet
    }
}

/// What is known of all that a text with expressions refers to.
pub(crate) fn knowledge_of(template: &Template, scope: &dyn InputScope) -> Knowledge {
    let files = if template.reads_files() {
        scope.files()
    } else {
        Knowledge::Written
    };
    template
        .references()
        .iter()
        .map(|reference| scope.knowledge(reference))
        .fold(files, Knowledge::max)
}

/// A scope with what `env` stands for at a step.
pub(crate) struct FramedInputs<'a> {
    pub(crate) scope: &'a dyn InputScope,
    pub(crate) frame: &'a Frame,
}

impl FramedInputs<'_> {
    fn env(&self, reference: &Reference) -> Option<&Template> {
        match &reference.target {
            Target::Env(name) => self.frame.get(name),
            _ => None,
        }
    }
}

impl Scope for FramedInputs<'_> {
    fn lookup(&self, path: &[String]) -> Result<Evaluated, String> {
        let (scope, frame): (&dyn Scope, _) = (self.scope, self.frame);
        Framed { scope, frame }.lookup(path)
    }

    fn status(&self) -> JobStatus {
        self.scope.status()
    }

    fn hash_files(&self, patterns: &[String]) -> Result<String, String> {
        self.scope.hash_files(patterns)
    }
}

impl InputScope for FramedInputs<'_> {
    /// Of `env.NAME`: what is known of its parts.
    fn knowledge(&self, reference: &Reference) -> Knowledge {
        match (self.env(reference), &reference.target) {
            (Some(template), _) => knowledge_of(template, self.scope),
            (None, Target::Env(_)) => Knowledge::Undeclared,
            (None, _) => self.scope.knowledge(reference),
        }
    }

    fn files(&self) -> Knowledge {
        self.scope.files()
    }
}

/// What is known of a reference's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Knowledge {
    /// The pipeline's own text, or the command line: as written.
    Written,
    /// From the environment: needs a bound where it carries authority.
    Environment,
    /// From an earlier step or job of this run: needs a bound where it carries authority.
    RunTime,
    /// From an earlier step or job that has not run yet.
    NotYet,
    /// The pipeline doesn't declare it, which the check of its text tells: nothing more is said of such a value.
    Undeclared,
}
