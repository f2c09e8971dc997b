//! The file as a tree that knows where each part was written.
//!
//! `node` has the tree's types, `read` makes one out of YAML, `limits` says how much YAML is too much, and `syntax`
//! turns an error of the YAML reader into a diagnostic for people.

mod limits;
mod node;
mod read;
mod syntax;
#[cfg(test)]
mod tests;

pub use node::{Node, Number, Value};
pub use read::parse_tree;
