//! From the network's errors to the plugin's.

use capstep_grants::check::Rule;
use capstep_net::{Endpoint, NetError, NetErrorKind};
use serde_json::Value;

use crate::fault::Fault;
use crate::protocol::{ErrorKind, VerbError};

/// Folds a network error; one of an address rule is a denial.
pub(super) fn fault(error: NetError, pointer: &str) -> Fault {
    let said = error.details.get("stage").and_then(Value::as_str);
    let stage = said.or(match error.kind {
        NetErrorKind::Name => Some("name"),
        NetErrorKind::Unreachable => Some("tcp"),
        NetErrorKind::Tls => Some("tls"),
        NetErrorKind::Http => Some("http"),
        _ => None,
    });
    let kind = match error.kind {
        NetErrorKind::Refused => {
            return Fault::denied(Rule::AddressRefused, pointer, error.message);
        }
        NetErrorKind::Name | NetErrorKind::Unreachable => ErrorKind::Unreachable,
        // A server that doesn't take a connection in time can't be reached, as one that refuses it.
        NetErrorKind::Timeout if stage == Some("tcp") => ErrorKind::Unreachable,
        NetErrorKind::Timeout => ErrorKind::Timeout,
        NetErrorKind::Tls | NetErrorKind::Http => ErrorKind::Peer,
        NetErrorKind::TooLarge => ErrorKind::TooLarge,
        NetErrorKind::Cancelled => ErrorKind::Cancelled,
        NetErrorKind::Invalid => ErrorKind::Invalid,
    };
    let stage = stage.map(str::to_owned);
    let mut folded = VerbError::new(kind, error.message).with(error.details);
    folded.stage = stage;
    Fault::Error(folded)
}

/// The endpoint of a granted host.
pub(super) fn endpoint(
    host: &str,
    port: u16,
    written: bool,
    pointer: &str,
) -> Result<Endpoint, Fault> {
    Endpoint::granted(host, port, written).map_err(|error| fault(error, pointer))
}
