//! Reading a step's values against the manifest: every value becomes a leaf with its pointer, its place and where it
//! came from; every mistake a diagnostic.
//!
//! `record` takes records, lists and maps apart, `whole` takes those that one expression gives, `single` reads what is
//! as small as values get, `expression` evaluates texts, `allow` compares what a step grants with what is required,
//! `any_of` asks for one input of a group.

mod allow;
mod any_of;
mod expression;
mod record;
mod single;
mod whole;

use capstep_pipeline::{Diagnostic, Node, Step, Value as Tree};
use serde_json::Value;

use super::leaf::{Leaf, Provenance};
use super::scope::InputScope;
#[cfg(test)]
use crate::manifest::Input;
#[cfg(test)]
use crate::manifest::Kind;
use crate::manifest::Manifest;

pub(super) struct Walk<'a, 'm> {
    scope: &'a dyn InputScope,
    diagnostics: Vec<Diagnostic>,
    leaves: Vec<Leaf<'m>>,
    records: Vec<String>,
    /// Where the values came from while those of an expression's result are read. They are data: what looks like an
    /// expression, or like `{ value: …, reveal: true }`, in them was not written by the pipeline's author.
    evaluated: Option<Provenance>,
    /// The input that is being read, where it must be the pipeline's own text.
    own_text: Option<&'m str>,
}

impl<'a, 'm> Walk<'a, 'm> {
    pub(super) fn new(scope: &'a dyn InputScope) -> Self {
        Self {
            scope,
            diagnostics: Vec::new(),
            leaves: Vec::new(),
            records: vec![String::new()],
            evaluated: None,
            own_text: None,
        }
    }

    pub(super) fn finish(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    fn say(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reads `with` and `allow`.
    pub(super) fn step(
        &mut self,
        step: &Step,
        with: Option<&Node>,
        manifest: &'m Manifest,
    ) -> (Value, Vec<Leaf<'m>>) {
        let empty = Vec::new();
        let entries = match with {
            None => &empty,
            Some(node) => match &node.value {
                Tree::Map(entries) => entries,
                Tree::Null => &empty,
                _ => {
                    self.say(Diagnostic::error(
                        "wrong-type",
                        node.span,
                        "`with` is a map of inputs",
                    ));
                    &empty
                }
            },
        };
        let values = self.record(
            &manifest.inputs,
            entries,
            "",
            step.uses.span,
            &manifest.name,
        );
        self.any_of(
            &manifest.any_of,
            &manifest.inputs,
            entries,
            step.uses.span,
            Some(&manifest.name),
        );
        self.allow(step, manifest);
        (values, std::mem::take(&mut self.leaves))
    }
}

#[cfg(test)]
pub(super) fn tests_support_input(kind: Kind) -> Input {
    Input {
        name: String::new(),
        kind,
        required: false,
        default: None,
        doc: String::new(),
        access: Vec::new(),
        sink: None,
        role: None,
        any_of: Vec::new(),
    }
}
