//! The way to the engine: bollard, over streams that are opened here.
//!
//! Bollard's own ways of connecting ask no caller where an address may lead, trust the system's authorities beside the
//! ones that were named, read keys from files and leave the version out of paths; so it is given a transport.
//!
//! - `connector`: the stream below, by the endpoint's address
//! - `wire`: bollard's transport: one connection a request, closed with the operation that it belongs to
//! - `client`: operations, each with a bollard client of its own, and the few requests that bollard lacks
//! - `lines`: their answers, line by line
//! - `translate`: bollard's errors as this crate's

pub(crate) mod client;
pub mod connector;
pub(crate) mod lines;
pub(crate) mod translate;
mod wire;
