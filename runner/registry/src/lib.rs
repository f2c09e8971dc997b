//! The registry: where plugins come from, and what can be said of them without running them.
//!
//! - `registry`: finds the plugin that a step means: built in, named by the pipeline, or a file beside it;
//! - `plugin`: its bytes, manifest, origin and digest;
//! - `built_in`: the plugins inside the binary, compiled by `build/`;
//! - `file`: a `.wasm` of the repository, and why it can't be used;
//! - `shape`: sections of a module or component: the embedded manifest, imports and exports;
//! - `plain`: the manifest of a program that brings none; `script`: that of a `run:` step.
//!
//! Nothing is compiled here, and nothing outside the pipeline's folder is read.

mod built_in;
mod file;
mod pack;
mod plain;
mod plugin;
mod problem;
mod registry;
mod script;
mod shape;

pub use file::MAX_PLUGIN_BYTES;
pub use pack::pack;
pub use plugin::{Origin, Plugin};
pub use problem::codes;
pub use registry::Registry;
pub use shape::{Shape, ShapeError};
