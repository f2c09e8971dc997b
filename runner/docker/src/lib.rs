//! Docker for capstep's host: everything that is done with a container engine, through the engine's own interface.
//!
//! The crate knows nothing of plugins, grants or pipelines, starts no program and looks at no environment. The caller
//! hands over what the environment says ([`Surroundings`]), how TCP connections are opened, a folder that cannot be
//! left, credentials and secrets; it gets an [`Engine`], events while something goes on, and a [`DockerError`] that
//! names the stage that failed.
//!
//! The engine is talked to by [bollard]. What it lacks is done here, over the same transport: the login, builds by
//! BuildKit with a session of this crate's, the lines of a push, and the heads of answers. (It tells the `log` crate's
//! debug level what engines answer, build output with it: a program that has such a logger leaves bollard's out.)
//!
//! Layout, in the order in which a pipeline uses it:
//!
//! - `error`: stages, kinds and the one error type
//! - `endpoint`: the engine that the docker command line would use
//! - `transport`: bollard over a socket or TCP, one connection a request
//! - `engine`, `login`, `credentials`: connecting, what the engine is, and whether a registry takes an account
//! - `context`: which files of a folder are sent (`.dockerignore`, links, sealed files), as a stream
//! - `build`: builds by BuildKit or by the classic builder, and their events
//! - `session`: what BuildKit asks back for while it builds: files, secrets, credentials
//! - `image`, `reference`: tag, push, pull, inspect, remove
//!
//! Dropping a future, or cancelling the token that an operation takes, closes the operation's connection; the engine
//! ends what belonged to it.

pub mod build;
mod cancel;
pub mod context;
pub mod credentials;
pub mod endpoint;
pub mod engine;
pub mod error;
pub mod image;
pub mod login;
mod message;
pub mod reference;
mod session;
pub mod transport;

pub use build::events::{BuildEvent, BuildListener};
pub use build::failure::FailedInstruction;
pub use build::request::{BuildRequest, BuildSecret, Builder, Built, Network};
pub use context::{ContextSent, ContextSource, Gate};
pub use credentials::RegistryCredentials;
pub use endpoint::{Address, Endpoint, Source, Surroundings};
pub use engine::{ApiVersion, Engine, EngineInfo};
pub use error::{DockerError, DockerErrorKind, Stage};
pub use image::progress::{LayerListener, LayerProgress};
pub use image::{ImageInfo, Pulled, Pushed};
pub use reference::Reference;
pub use transport::connector::{Direct, TcpDialer};
