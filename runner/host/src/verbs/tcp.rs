//! `tcp`: can a connection be opened?

use std::sync::Arc;
use std::time::Duration;

use capstep_grants::check::{Act, Permit};
use capstep_net::tcp::{MAX_BANNER, TcpProbe, probe};
use capstep_secrets::StreamMasker;
use serde_json::json;

use super::{another, misrouted, net_error, outcome, wrong_permit};
use crate::fault::Fault;
use crate::ops::Outcome;
use crate::protocol::{Answer, Call, Nanoseconds, TcpAnswer};
use crate::step::{Meta, Shared};

/// The time of a try where the plugin says none.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn call(shared: &Arc<Shared>, meta: Meta, call: Call) -> Result<Answer, Fault> {
    match call {
        Call::TcpConnect { address, options } => {
            let Permit::Tcp {
                grant,
                host,
                port,
                written,
                ..
            } = shared.permit(&Act::Tcp { input: &address })?
            else {
                return wrong_permit();
            };
            let endpoint = net_error::endpoint(&host, port, written, &grant)?;
            let meta = meta.under(shared.grants(&[&grant]));
            let options = TcpProbe {
                banner: options.banner,
                timeout: options.timeout.map_or(TIMEOUT, Nanoseconds::duration),
            };
            let handle = shared.start(meta, move |shared, _, _| async move {
                let answer =
                    probe(&shared.dialer, &endpoint, &options).await.map_err(|error| net_error::fault(error, &grant))?;
                let banner = answer.banner.unwrap_or_default();
                let summary = json!({ "peer": answer.peer.to_string(), "banner": banner.len(), "note": answer.note });
                let mut masked = StreamMasker::new(&shared.masker);
                let mut said = masked.push(&banner);
                // What is cut off may have been the rest of a secret.
                if banner.len() < MAX_BANNER {
                    said.extend(masked.end());
                }
                let outcome = Outcome::Tcp(TcpAnswer {
                    peer: answer.peer.to_string(),
                    latency: answer.latency.into(),
                    banner: said.into(),
                });
                Ok((outcome, summary))
            })?;
            Ok(Answer::Handle(handle))
        }
        Call::TcpAnswer { op } => match outcome(shared, op)? {
            Outcome::Tcp(answer) => Ok(Answer::Tcp(answer)),
            _ => another("a connection"),
        },
        _ => misrouted(),
    }
}
