//! The pipeline: what the file says, and everything that is wrong with it.
//!
//! `pipeline` has the types, `keys` the tables of keys that drive both the reader and the JSON Schema (`schema`).
//! `reader` goes through the tree with `fields` (types of values), `jobs`, `steps` and `names`; `include` reads the steps
//! of other files; `env`, `retry`, `matrix`,
//! `triggers` (`on`, with the patterns of `glob`), `places` (`environment`, `concurrency`) and `cache` read the keys of these
//! names. What expressions refer to is collected on the way and checked afterwards by `references`, what jobs wait for by
//! `graph`; at last `expand` makes a matrix into its jobs.

mod cache;
mod env;
mod expand;
mod fields;
mod glob;
mod graph;
mod include;
#[cfg(test)]
mod include_tests;
mod jobs;
mod keys;
mod matrix;
mod names;
mod pipeline;
mod places;
mod reader;
mod references;
mod retry;
mod schema;
mod script;
mod steps;
#[cfg(test)]
mod tests;
mod triggers;

pub use cache::{Cache, Save};
pub use graph::topological;
pub use names::{is_identifier, is_variable_name};
pub use pipeline::{
    Backoff, Concurrency, Env, Environment, FAILURES, Job, Pipeline, PluginDecl, Retry, Step,
    VarDecl, Variant,
};
pub use reader::parse_pipeline;
pub use schema::{included_schema, pipeline_schema};
pub use script::{SCRIPT, first_line};
pub use triggers::Triggers;
