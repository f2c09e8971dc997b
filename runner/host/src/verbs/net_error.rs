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

/// Folds an error of a connection that the host opens within a time of its own: one that did not come about in that time
/// is no connection, like any other that could not be made.
pub(super) fn unconnected(error: NetError, pointer: &str) -> Fault {
    match fault(error, pointer) {
        Fault::Error(mut error) if error.kind == ErrorKind::Timeout => {
            error.kind = ErrorKind::Unreachable;
            error.stage.get_or_insert_with(|| "tcp".to_owned());
            Fault::Error(error)
        }
        other => other,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_takes_too_long_could_not_be_made() {
        let folded = |kind, unconnected_too: bool| {
            let error = NetError {
                kind,
                message: "it took too long".to_owned(),
                details: serde_json::json!({}),
            };
            let fault = if unconnected_too {
                unconnected(error, "/target")
            } else {
                fault(error, "/target")
            };
            match fault {
                Fault::Error(error) => (error.kind, error.stage),
                Fault::Denied(_) => panic!("denied"),
            }
        };
        let tcp = Some("tcp".to_owned());
        assert_eq!(
            folded(NetErrorKind::Timeout, true),
            (ErrorKind::Unreachable, tcp.clone())
        );
        // A request's time is the plugin's own choice.
        assert_eq!(
            folded(NetErrorKind::Timeout, false),
            (ErrorKind::Timeout, None)
        );
        assert_eq!(
            folded(NetErrorKind::Unreachable, true),
            (ErrorKind::Unreachable, tcp)
        );
        assert_eq!(
            folded(NetErrorKind::Invalid, true),
            (ErrorKind::Invalid, None)
        );
    }
}
