//! How much expression is read.

/// The longest expression, in bytes. A condition that people can follow has some hundred.
pub(super) const MAX_EXPRESSION_BYTES: usize = 4096;

/// How deep parentheses, `!` and calls may nest. Parsing and evaluating recurse, so this bounds the stack.
pub(super) const MAX_EXPRESSION_DEPTH: usize = 32;

/// The longest text that a template may grow to, in bytes. Outputs may be large and a text may name them often; this
/// keeps one input from filling the memory.
pub(super) const MAX_TEXT_BYTES: usize = 8 * 1024 * 1024;

/// How many parts a text may have that a name stands for (`inputs.NAME`, `env.NAME`), with all that it refers to in turn. What
/// is handed through several includes could double in each.
pub(super) const MAX_NAMED_PARTS: usize = 256;
