//! `.dockerignore`, as Docker's own tools read it. (It is not `.gitignore`: patterns are about the context's root, the
//! last one that matches wins, and `!` brings back what lies below an excluded folder.)
//!
//! - `file`: lines to patterns
//! - `pattern`: one pattern and what it matches
//! - `matcher`: a list of patterns, and what of it holds for a folder's children
//!
//! What "as" means is measured: `tests/contexts.rs` compares the results with those of `docker build`.

pub(crate) mod clean;
pub(crate) mod file;
pub(crate) mod matcher;
pub(crate) mod pattern;

pub use file::parse as parse_ignore_file;
