//! Expressions: `${{ … }}` in texts, and the condition of an `if`.
//!
//! The language is small and total: literals, paths (`vars.x`, `steps.build.outputs['image']`), `== != && || !`,
//! parentheses and a fixed table of functions. No loops, no arithmetic, nothing that a secret could be compared with.
//!
//! `lexer` and `parser` make an `ast`, `reference` names what a path leads to, `function` is the table of functions.
//! `frame` knows what names of the file stand for where an expression was written, `resolve` puts that in their place,
//! `check` refuses what would show a secret. `template` is a text with expressions in it, `scope` is what an embedder
//! provides, and `evaluate` works it out; `shown` tells as much of a text as is known.

mod ast;
mod check;
mod evaluate;
mod expression;
mod frame;
mod function;
mod json;
mod lexer;
mod limits;
mod parser;
mod place;
mod reference;
mod resolve;
mod scope;
mod secret;
mod shown;
mod template;
#[cfg(test)]
mod tests;

pub use evaluate::{EvalError, evaluate_condition, evaluate_template};
pub use expression::Expr;
pub(crate) use frame::{FileNames, Frame};
pub use json::parse_json;
pub use reference::{Reference, RunFact, Target};
pub use scope::{Evaluated, JobStatus, Scope, descend};
pub use secret::SecretText;
pub use shown::shown_template;
pub use template::Template;

pub(crate) use template::has_expression;
