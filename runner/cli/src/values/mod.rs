//! Values from outside the pipeline: variables and secrets, from flags, files and the environment.

mod age_files;
mod assignment;
mod env_file;
mod event;
pub(crate) mod secrets;
pub(crate) mod untrusted;
pub(crate) mod variables;

pub(crate) use env_file::EnvFile;
pub(crate) use event::read as event;
