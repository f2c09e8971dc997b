//! A text with expressions in it.

use super::check::Position;
use super::expression::Expr;
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
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(String),
    Expr(Expr),
}

impl Template {
    /// Parses a scalar's text; `node_span` is where the scalar stands.
    ///
    /// # Errors
    ///
    /// The first mistake: an expression that is not closed or can't be read, or that would show a secret.
    pub fn parse(text: &str, node_span: Span, source: &Source) -> Result<Self, Diagnostic> {
        let (template, mistakes) = Self::parse_all(text, node_span, source);
        match mistakes.into_iter().next() {
            Some(mistake) => Err(mistake),
            None => Ok(template),
        }
    }

    /// As [`Template::parse`], but gives every mistake, and a template of the expressions that could be read.
    pub(crate) fn parse_all(
        text: &str,
        node_span: Span,
        source: &Source,
    ) -> (Self, Vec<Diagnostic>) {
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
            match Expr::parse_at(inner, place, Position::Template) {
                Ok((expr, found)) => {
                    parts.push(Part::Expr(expr));
                    mistakes.extend(found);
                }
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
        };
        (template, mistakes)
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
