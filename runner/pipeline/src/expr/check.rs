//! Refuses what would show a secret, and status functions where there is no status.

use super::ast::{Ast, Kind};
use super::reference::Target;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// In a text.
    Template,
    /// In an `if`.
    Condition,
}

/// Every mistake of use in an expression that could be read.
pub(super) fn check(ast: &Ast, position: Position) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if position == Position::Condition {
        ast.walk(&mut |part| {
            if is_secret_reference(part) {
                found.push(exposed(part.span, "a secret can't be used in an `if`"));
            }
        });
        // What a name stands for was written elsewhere: the mistake is its use here.
        for part in &mut found {
            if !ast.span.covers(part.span) {
                part.span = ast.span;
            }
        }
        return found;
    }
    ast.walk(&mut |part| match &part.kind {
        Kind::Call(function, _) if function.is_status => {
            let message = format!("`{}` is only known in an `if`", function.usage);
            found.push(
                Diagnostic::error(codes::STATUS_OUTSIDE_IF, part.span, message)
                    .help("use it in the `if` of a step or a job"),
            );
        }
        Kind::Call(function, arguments) if !function.takes_secrets => {
            let message = format!("a secret can't be passed to `{}`", function.name);
            refuse(arguments.iter(), &message, &mut found);
        }
        Kind::Equal(left, right) | Kind::NotEqual(left, right) => {
            let operands = [left.as_ref(), right.as_ref()];
            refuse(
                operands.into_iter(),
                "a secret can't be compared",
                &mut found,
            );
        }
        Kind::Member(of, _) => {
            refuse(
                std::iter::once(of.as_ref()),
                "a secret has no parts",
                &mut found,
            );
        }
        Kind::Not(_) | Kind::All(_) | Kind::Any(_) => {
            let message = "a secret is neither true nor false";
            refuse(part.parts().into_iter(), message, &mut found);
        }
        Kind::Call(..) | Kind::Literal(_) | Kind::Reference(_) | Kind::Named(_) => {}
    });
    found
}

fn refuse<'a>(parts: impl Iterator<Item = &'a Ast>, message: &str, found: &mut Vec<Diagnostic>) {
    found.extend(
        parts
            .filter(|part| is_secret(part))
            .map(|part| exposed(part.span, message)),
    );
}

fn exposed(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(codes::SECRET_EXPOSED, span, message)
        .label("a secret")
        .help("hand it over as it is, put it into a text, or pass it to `urlencode` or `default`; anything else would tell its value")
}

fn is_secret_reference(ast: &Ast) -> bool {
    matches!(&ast.kind, Kind::Reference(reference) if matches!(reference.target, Target::Secret(_)))
}

/// Whether the value is a secret, as far as can be seen before it runs (a step's output may be one, too).
fn is_secret(ast: &Ast) -> bool {
    match &ast.kind {
        Kind::Call(function, arguments) => {
            function.takes_secrets && arguments.iter().any(is_secret)
        }
        Kind::Named(template) => template.asts().any(is_secret),
        _ => is_secret_reference(ast),
    }
}
