//! The second way in: a WASI command that speaks JSON-RPC 2.0 over its standard streams, one message a line.
//!
//! `lines` cuts the guest's output into messages, `message` reads and writes them, `methods` names what there is, and
//! `session` keeps the conversation.

mod lines;
mod message;
mod methods;
mod session;

pub(crate) use session::Session;
