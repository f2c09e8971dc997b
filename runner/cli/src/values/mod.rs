//! Values from outside the pipeline: variables and secrets, from flags, files and the environment.

pub(crate) mod assignment;
pub(crate) mod env_file;
pub(crate) mod variables;
