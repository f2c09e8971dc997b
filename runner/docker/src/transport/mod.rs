//! HTTP to the engine: one connection a request, so that dropping an answer ends what it belongs to in the engine.
//!
//! - `connector`: the stream below, by the endpoint's address
//! - `request`: what is asked
//! - `client`: asking, and the engine's own refusals as errors
//! - `reply`: answers in one piece, as lines of JSON, or as a raw stream after an upgrade

pub(crate) mod client;
pub mod connector;
pub(crate) mod reply;
pub(crate) mod request;
