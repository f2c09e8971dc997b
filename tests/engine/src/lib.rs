//! A real Docker engine and a real registry for tests: loopback or a socket of their own, everything in a temporary
//! folder, nothing left behind. They need root, and the packages docker.io, docker-registry and busybox-static
//! (`tests/run` installs them).
//!
//! - [`dockerd`]: the engine
//! - [`registry`]: the registry, with an account
//! - [`base`]: an image to build on, since no registry of the world is asked
//! - [`http`]: one plain request, so that tests look at engine and registry without the code they test
//! - [`search`]: where a planted value is

pub mod base;
pub mod dockerd;
pub mod http;
pub mod registry;
pub mod search;

pub use dockerd::{Dockerd, DockerdOptions};
pub use registry::Registry;
