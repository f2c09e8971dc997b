//! The pipeline file: text to model, with every mistake located; and the expression language.
//!
//! No I/O: callers bring the text. The way through it:
//!
//! - `source`, `diagnostic`, `codes`, `suggest`: text with places, mistakes, and "did you mean";
//! - `tree`: YAML to a tree that knows where each part was written;

#![expect(
    clippy::result_large_err,
    reason = "a diagnostic is an error made once a mistake, never in a loop that must be fast"
)]

pub mod codes;
pub mod diagnostic;
pub mod source;
pub mod suggest;
pub mod tree;

pub use diagnostic::{Diagnostic, Severity};
pub use source::{MAX_SOURCE_BYTES, Source, SourceError, Span, Spanned};
pub use suggest::did_you_mean;
pub use tree::{Node, Number, Value, parse_tree};
