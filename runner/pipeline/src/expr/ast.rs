//! What an expression says, each part with its span.

use std::sync::Arc;

use super::function::Function;
use super::reference::Reference;
use super::template::Template;
use crate::source::Span;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ast {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Literal(serde_json::Value),
    Reference(Reference),
    Not(Box<Ast>),
    /// `a && b && c`, flat, so that a long chain is not a deep tree.
    All(Vec<Ast>),
    /// `a || b || c`.
    Any(Vec<Ast>),
    Equal(Box<Ast>, Box<Ast>),
    NotEqual(Box<Ast>, Box<Ast>),
    Call(&'static Function, Vec<Ast>),
    /// Into the value of what stands before: `fromJSON(x).image[0]`.
    Member(Box<Ast>, Vec<String>),
    /// What a name of the file stands for: a value of `env`, what was handed to an included file.
    Named(Arc<Template>),
}

impl Ast {
    /// The parts directly below.
    pub(super) fn parts(&self) -> Vec<&Ast> {
        match &self.kind {
            Kind::Literal(_) | Kind::Reference(_) => Vec::new(),
            Kind::Not(part) | Kind::Member(part, _) => vec![part],
            Kind::All(parts) | Kind::Any(parts) | Kind::Call(_, parts) => parts.iter().collect(),
            Kind::Equal(left, right) | Kind::NotEqual(left, right) => vec![left, right],
            Kind::Named(template) => template.asts().collect(),
        }
    }

    /// The parts directly below that are written here, to be changed.
    pub(super) fn own_parts_mut(&mut self) -> Vec<&mut Ast> {
        match &mut self.kind {
            Kind::Literal(_) | Kind::Reference(_) | Kind::Named(_) => Vec::new(),
            Kind::Not(part) | Kind::Member(part, _) => vec![part],
            Kind::All(parts) | Kind::Any(parts) | Kind::Call(_, parts) => {
                parts.iter_mut().collect()
            }
            Kind::Equal(left, right) | Kind::NotEqual(left, right) => vec![left, right],
        }
    }

    /// Calls `visit` with this and everything below it, in the order written.
    pub(super) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Ast)) {
        visit(self);
        for part in self.parts() {
            part.walk(visit);
        }
    }
}
