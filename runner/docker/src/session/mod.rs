//! A session with BuildKit: a connection on which the engine asks and this side answers, while a build goes on.
//!
//! The engine's `POST /session` is turned into HTTP/2 with the roles swapped; what it asks is gRPC. Bollard's own
//! session (0.21.1) takes secrets from files and the environment alone and a context as one piece of memory, and it keeps
//! to itself the connection that another session would need; hence this one.
//!
//! - `messages`: the protocol's messages
//! - `grpc`: calls, frames and statuses over HTTP/2
//! - `serve`: which call goes where
//! - `files`, `question`, `sender`, `packets`: the context's folder, as far as BuildKit asks for it
//! - `secrets`, `auth`: values and accounts, each to who asks by its id or host

mod auth;
mod files;
mod grpc;
pub(crate) mod messages;
mod packets;
mod question;
mod secrets;
mod sender;
mod serve;

pub(crate) use serve::{Served, Session, random_id};
