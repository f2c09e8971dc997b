//! What is known when inputs are bound.

use capstep_pipeline::expr::{Reference, Scope, Template};

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
