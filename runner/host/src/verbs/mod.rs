//! The verbs: one module a capability. Each asks the grants, then acts on the permit it got, never on the plugin's own
//! words.

pub(crate) mod docker;
pub(crate) mod files;
pub(crate) mod http;
mod http_body;
pub(crate) mod http_door;
pub(crate) mod log;
mod masked_body;
mod net_error;
pub(crate) mod op;
mod pipe;
pub(crate) mod roles;
pub(crate) mod secrets;
pub(crate) mod ssh;
pub(crate) mod state;
pub(crate) mod tcp;
pub(crate) mod time;

pub use docker::DockerAccess;
pub(crate) use ssh::SshLogin;

use crate::fault::Fault;
use crate::ops::Outcome;
use crate::protocol::{ErrorKind, Handle};
use crate::step::Shared;

/// What an operation that has ended came to.
fn outcome(shared: &Shared, op: Handle) -> Result<Outcome, Fault> {
    Ok(shared.table.get(op)?.result()?)
}

/// An operation of another kind than was asked about.
fn another<T>(expected: &str) -> Result<T, Fault> {
    Err(Fault::error(
        ErrorKind::Invalid,
        format!("that operation is not {expected}"),
    ))
}

/// A call that reached the wrong module: a fault of the host's own table.
fn misrouted<T>() -> Result<T, Fault> {
    Err(Fault::error(
        ErrorKind::Internal,
        "the call reached the wrong verb",
    ))
}

/// A permit of another kind than the act asked for: a fault of the check.
fn wrong_permit<T>() -> Result<T, Fault> {
    Err(Fault::error(
        ErrorKind::Internal,
        "the check gave another permit than was asked for",
    ))
}
