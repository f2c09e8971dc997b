//! Where a registry may be.

use std::time::Duration;

use capstep_net::{Endpoint, NetErrorKind};

use crate::fault::Fault;
use crate::step::Shared;
use crate::verbs::net_error;

/// The port of a registry that is written without one.
const HTTPS: u16 = 443;

/// For resolving a registry's name.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Refuses a registry that the text of an untrusted run may not lead the engine to. What a trusted one names is the
/// engine's matter, which looks names up and connects by itself: a registry on the engine's own machine is a usual thing.
pub(super) async fn judge(shared: &Shared, registry: &str, pointer: &str) -> Result<(), Fault> {
    if shared.dialer.is_trusted() {
        return Ok(());
    }
    let (host, port) = Endpoint::split(registry).unwrap_or((registry, HTTPS));
    let endpoint = Endpoint::written(host, port).map_err(|error| net_error::fault(error, pointer));
    match shared.dialer.judge(&endpoint?, LOOKUP_TIMEOUT).await {
        Err(error) if error.kind == NetErrorKind::Refused => Err(net_error::fault(error, pointer)),
        // What can't be looked up here the engine looks up: it asks anew in any case, so an answer here binds it to
        // nothing.
        _ => Ok(()),
    }
}
