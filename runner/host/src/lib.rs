//! The host: the sandbox that plugins run in, and the verbs that act for them.
//!
//! `protocol` is what crosses the boundary; `sandbox` runs a plugin by any of the three ways in and turns what it asks
//! for into [`protocol::Call`]s. The crate knows no pipeline and no terminal.

pub mod protocol;
pub mod sandbox;
