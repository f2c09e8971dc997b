//! Write capstep steps in Rust.
//!
//! A step is a function from typed inputs to typed outputs. What it may do is not in its code but in its manifest
//! (`plugin.toml`), and what it may do it to is in the pipeline; a thing that was handed over is named by the JSON
//! Pointer of its input:
//!
//! ```
//! use capstep_sdk::{Failure, files::Files, log::Log};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Inputs {
//!     file: String,
//! }
//!
//! #[derive(Serialize)]
//! struct Outputs {
//!     size: u64,
//! }
//!
//! fn run(host: &(impl Files + Log), inputs: Inputs) -> Result<Outputs, Failure> {
//!     let stat = host.stat("/file", "")?;
//!     host.info(format_args!("{} has {} bytes", inputs.file, stat.size));
//!     Ok(Outputs { size: stat.size })
//! }
//!
//! capstep_sdk::step!(run);
//! # fn main() {}
//! ```
//!
//! The bounds on `host` say which interfaces the step uses, and the component imports those and no others. Tests hand
//! the same function a [`testing::Mock`] and run natively.
//!
//! Layout: one module for each interface with its trait ([`docker`], [`files`], [`http`], [`log`], [`ops`], [`secrets`], [`ssh`],
//! [`state`], [`tcp`], [`time`]); [`error`] and [`failure`]; reading inputs in [`inputs`], their types in [`duration`], [`list`] and [`mod@pointer`];
//! `guest` is the real host behind the traits, in wasm alone; [`step`](mod@step) is the way in; [`testing`] is the
//! other host.

pub mod docker;
pub mod duration;
pub mod error;
pub mod failure;
pub mod files;
pub mod http;
pub mod inputs;
pub mod list;
pub mod log;
pub mod ops;
pub mod pointer;
pub mod secrets;
pub mod ssh;
pub mod state;
pub mod step;
pub mod tcp;
pub mod time;
pub mod together;

#[cfg(target_family = "wasm")]
mod guest;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

// Generated code declares the host's functions; calling them is unsafe in Rust's eyes and checked by the host.
#[doc(hidden)]
#[allow(unsafe_code, unreachable_pub, missing_docs, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "step",
        pub_export_macro: true,
        default_bindings_module: "capstep_sdk::bindings",
        additional_derives: [PartialEq],
    });
}

pub use duration::Duration;
pub use error::{Error, ErrorKind};
pub use failure::Failure;
pub use list::List;
pub use pointer::Pointer;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub use guest::Guest;
