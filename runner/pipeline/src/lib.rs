//! The pipeline file: text to model, with every mistake located; and the expression language.
//!
//! No I/O: callers bring the text. The way through it:
//!
//! - `source`, `included`, `diagnostic`, `codes`, `suggest`, `units`: texts with places, mistakes, "did you mean", `10s` and
//!   `64MiB`;
//! - `tree`: YAML to a tree that knows where each part was written;
//! - `expr`: what stands in `${{ }}`, which references it has, and what it comes to;
//! - `model`: tree to [`Pipeline`], with all mistakes at once, and the JSON Schema from the same tables.

pub mod codes;
pub mod diagnostic;
pub mod expr;
pub mod included;
pub mod model;
pub mod source;
pub mod suggest;
pub mod tree;
pub mod units;

pub use diagnostic::{Diagnostic, Severity};
pub use expr::{
    EvalError, Evaluated, Expr, JobStatus, Reference, Scope, SecretText, Target, Template,
    evaluate_condition, evaluate_template,
};
pub use included::{FoundFile, Included, ReadFile};
pub use model::{
    Backoff, Cache, Concurrency, Env, Environment, FAILURES, Job, Pipeline, PluginDecl, Retry,
    SCRIPT, Save, Step, Triggers, VarDecl, Variant, first_line, included_schema, parse_pipeline,
    pipeline_schema, topological,
};
pub use source::{File, MAX_SOURCE_BYTES, Source, SourceError, Span, Spanned};
pub use suggest::did_you_mean;
pub use tree::{Node, Number, Value, parse_tree};
pub use units::{UnitError, parse_duration, parse_size};
