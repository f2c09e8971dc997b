//! A session with BuildKit: a connection on which the engine asks and this side answers, while a build goes on.
//!
//! The engine's `POST /session` is turned into HTTP/2 with the roles swapped; what it asks is gRPC. Bollard's own
//! session serves neither secrets from memory nor a context that isn't in memory as a whole, hence this one.
//!
//! - `messages`: the protocol's messages
//! - `grpc`: calls, frames and statuses over HTTP/2
//! - `serve`: which call goes where
//! - `files`: the context's folder, as far as BuildKit asks for it
//! - `secrets`, `auth`: values and accounts, each to who asks by its id or host

mod auth;
mod files;
mod grpc;
pub(crate) mod messages;
mod secrets;
mod serve;

pub(crate) use serve::{Served, Session, random_id};
