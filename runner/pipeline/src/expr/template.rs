//! A text with expressions in it.

use super::ast::{Ast, Kind};
use super::check::Position;
use super::expression::Expr;
use super::frame::Frame;
use super::place::Finder;
use super::reference::{Reference, Target};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};

/// What an expression starts with.
pub(crate) const OPEN: &str = "${{";
/// What an expression ends with.
pub(super) const CLOSE: &str = "}}";

/// A text in which `${{ … }}` stands for values.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub(super) parts: Vec<Part>,
    pub(super) span: Span,
    /// Whether a mistake in it was told.
    has_mistakes: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(String),
    Expr(Expr),
}

impl Template {
    /// Parses a scalar's text; `node_span` is where the scalar stands. Gives a template of the expressions that could be
    /// read, and every mistake of syntax. Names are not resolved yet, and nothing is said of secrets: see
    /// [`Template::resolve`].
    pub(crate) fn parse(text: &str, node_span: Span, source: &Source) -> (Self, Vec<Diagnostic>) {
        let mut parts = Vec::new();
        let mut mistakes = Vec::new();
        let mut finder = Finder::new(node_span, source);
        let mut rest = text;
        while let Some((before, opened)) = rest.split_once(OPEN) {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let Some(end) = closing(opened) else {
                let span = finder.next(OPEN).span(0, OPEN.len());
                mistakes.push(unclosed(opened, span));
                rest = "";
                break;
            };
            let whole = rest
                .get(before.len()..before.len() + OPEN.len() + end + CLOSE.len())
                .unwrap_or("");
            let place = finder.next(whole).skip(OPEN.len());
            let inner = opened.get(..end).unwrap_or("");
            match Expr::parse_at(inner, place) {
                Ok(expr) => parts.push(Part::Expr(expr)),
                Err(mistake) => mistakes.push(mistake),
            }
            rest = opened.get(end + CLOSE.len()..).unwrap_or("");
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let template = Self {
            parts,
            span: node_span,
            has_mistakes: !mistakes.is_empty(),
        };
        (template, mistakes)
    }

    /// Puts what names of the file stand for in their place; gives what is wrong with that, and what would show a secret.
    pub(crate) fn resolve(&mut self, frame: &Frame) -> Vec<Diagnostic> {
        let mut mistakes = Vec::new();
        for part in &mut self.parts {
            if let Part::Expr(expr) = part {
                mistakes.extend(expr.resolve(frame, Position::Template));
            }
        }
        self.has_mistakes |= !mistakes.is_empty();
        mistakes
    }

    /// What its expressions say, in the order written.
    pub(super) fn asts(&self) -> impl Iterator<Item = &Ast> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Expr(expr) => Some(&expr.ast),
        })
    }

    /// How many parts there are in all, what names stand for included.
    pub(super) fn size(&self) -> usize {
        let mut count = self.parts.len();
        self.asts().for_each(|ast| ast.walk(&mut |_| count += 1));
        count
    }

    /// Whether a mistake in it was told, or in what its names stand for: nothing more is to be said of its value.
    pub fn has_mistakes(&self) -> bool {
        let mut found = self.has_mistakes;
        self.asts().for_each(|ast| {
            ast.walk(&mut |part| {
                found |= matches!(&part.kind, Kind::Named(template) if template.has_mistakes);
            });
        });
        found
    }

    /// The text, if there is no expression in it.
    pub fn is_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The expression, if it is the whole text: its value then keeps its type.
    pub fn single_expr(&self) -> Option<&Expr> {
        match self.parts.as_slice() {
            [Part::Expr(expr)] => Some(expr),
            _ => None,
        }
    }

    /// Where the text stands.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Every path in it, in the order written.
    pub fn references(&self) -> Vec<Reference> {
        self.parts
            .iter()
            .flat_map(|part| match part {
                Part::Text(_) => Vec::new(),
                Part::Expr(expr) => expr.references(),
            })
            .collect()
    }

    /// The names of the secrets in it, in the order written.
    pub fn secrets(&self) -> Vec<String> {
        let secret = |reference: Reference| match reference.target {
            Target::Secret(name) => Some(name),
            _ => None,
        };
        self.references().into_iter().filter_map(secret).collect()
    }

    /// Whether it looks at files.
    pub fn reads_files(&self) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Expr(expr) if expr.reads_files()))
    }
}

/// Whether there is an expression in a text, or what looks like one.
pub(crate) fn has_expression(text: &str) -> bool {
    text.contains(OPEN)
}

/// Where the `}}` stands that ends an expression: the first that isn't within quotes.
pub(super) fn closing(text: &str) -> Option<usize> {
    let mut quoted = false;
    let bytes = text.as_bytes();
    bytes
        .windows(CLOSE.len())
        .enumerate()
        .find_map(|(at, pair)| {
            if pair.first() == Some(&b'\'') {
                quoted = !quoted;
            }
            (!quoted && pair == CLOSE.as_bytes()).then_some(at)
        })
}

fn unclosed(opened: &str, span: Span) -> Diagnostic {
    let help = if opened.contains(CLOSE) {
        "a quote in it is not closed; text stands in single quotes, and a quote within it is doubled: 'it''s'"
    } else {
        "close it with `}}`; a literal `${{` is written ${{ '${{' }}"
    };
    Diagnostic::error(
        codes::UNCLOSED_EXPRESSION,
        span,
        "this expression is not closed",
    )
    .help(help)
}
