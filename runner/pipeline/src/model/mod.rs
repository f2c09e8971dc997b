//! The pipeline: what the file says, and everything that is wrong with it.
//!
//! `pipeline` has the types, `keys` the tables of keys that drive both the reader and the JSON Schema (`schema`).
//! `reader` goes through the tree with `fields` (types of values), `jobs` and `names`; what expressions refer to is
//! collected on the way and checked afterwards by `references`, what jobs wait for by `graph`.

mod fields;
mod graph;
mod jobs;
mod keys;
mod names;
mod pipeline;
mod reader;
mod references;
mod schema;
#[cfg(test)]
mod tests;

pub use graph::topological;
pub use names::{is_identifier, is_variable_name};
pub use pipeline::{Job, Pipeline, PluginDecl, Step, VarDecl};
pub use reader::parse_pipeline;
pub use schema::pipeline_schema;
