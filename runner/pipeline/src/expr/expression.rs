//! One expression.

use super::ast::{Ast, Kind};
use super::check::{self, Position};
use super::frame::Frame;
use super::parser;
use super::place::Place;
use super::reference::Reference;
use super::resolve;
use super::template::{CLOSE, OPEN, closing};
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};

/// A parsed expression: the condition of an `if`, or what stands between `${{` and `}}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub(super) ast: Ast,
}

impl Expr {
    /// Parses the condition of an `if`, with or without `${{ }}` around it. `text` is the scalar's text and `span` where
    /// the scalar stands. Names are not resolved yet.
    ///
    /// # Errors
    ///
    /// The first mistake: of syntax, or a limit.
    pub(crate) fn parse_condition(
        text: &str,
        span: Span,
        source: &Source,
    ) -> Result<Self, Diagnostic> {
        let place = Place::of_scalar(text, span, source);
        let (inner, skipped) = unwrapped(text);
        Self::parse_at(inner, place.skip(skipped))
    }

    /// Parses an expression that stands somewhere.
    pub(super) fn parse_at(text: &str, place: Place) -> Result<Self, Diagnostic> {
        Ok(Self {
            ast: parser::parse(text, place)?,
        })
    }

    /// Puts what names of the file stand for in their place, in a condition; gives what is wrong with that, and what would
    /// show a secret.
    pub(crate) fn resolve_condition(&mut self, frame: &Frame) -> Vec<Diagnostic> {
        self.resolve(frame, Position::Condition)
    }

    pub(super) fn resolve(&mut self, frame: &Frame, position: Position) -> Vec<Diagnostic> {
        let mut mistakes = Vec::new();
        resolve::resolve(&mut self.ast, frame, &mut mistakes);
        mistakes.extend(check::check(&self.ast, position));
        mistakes
    }

    /// Both conditions.
    pub(crate) fn and(self, other: Self) -> Self {
        let span = other.ast.span;
        let kind = Kind::All(vec![self.ast, other.ast]);
        Self {
            ast: Ast { kind, span },
        }
    }

    /// A condition that is just true or false (`if: false`).
    pub(crate) fn truth(value: bool, span: Span) -> Self {
        let kind = Kind::Literal(value.into());
        Self {
            ast: Ast { kind, span },
        }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.ast.span
    }

    /// Every path in it, in the order written.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        self.ast.walk(&mut |part| {
            if let Kind::Reference(reference) = &part.kind {
                found.push(reference.clone());
            }
        });
        found
    }

    /// The path, if it is nothing else.
    pub(crate) fn only_reference(&self) -> Option<&Reference> {
        match &self.ast.kind {
            Kind::Reference(reference) => Some(reference),
            _ => None,
        }
    }

    /// Whether it asks how the job went so far (`always()`, `failure()`, …). A condition that doesn't is meant for a
    /// job that went well.
    pub fn uses_status(&self) -> bool {
        let mut found = false;
        self.ast.walk(&mut |part| {
            found |= matches!(&part.kind, Kind::Call(function, _) if function.is_status);
        });
        found
    }

    /// Whether it looks at files.
    pub fn reads_files(&self) -> bool {
        let mut found = false;
        self.ast.walk(&mut |part| {
            found |= matches!(&part.kind, Kind::Call(function, _) if function.reads_files);
        });
        found
    }
}

/// The text within `${{ }}` if that is around all of it, and how many bytes stand before.
fn unwrapped(text: &str) -> (&str, usize) {
    let lead = text.len() - text.trim_start().len();
    let start = lead + OPEN.len();
    let inner = text.trim().strip_prefix(OPEN).and_then(|rest| {
        let end = closing(rest)?;
        // `${{ a }} && ${{ b }}` is not one expression; it is read as it stands and refused at the `$`.
        (end + CLOSE.len() == rest.len()).then(|| rest.get(..end))?
    });
    match inner {
        Some(inner) => (inner, start),
        None => (text, 0),
    }
}
