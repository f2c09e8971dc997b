//! `op.pipe`: bytes from one operation to another, on the host.

use std::sync::Arc;

use serde_json::json;

use crate::fault::Fault;
use crate::ops::{Flowing, Outcome};
use crate::protocol::{Answer, ErrorKind, Handle, Progress};
use crate::step::{Meta, Shared};

pub(super) fn pipe(
    shared: &Arc<Shared>,
    meta: Meta,
    source: Handle,
    sink: Handle,
) -> Result<Answer, Fault> {
    let (from, to) = (shared.table.get(source)?, shared.table.get(sink)?);
    let no = |what: &str| {
        Fault::error(
            ErrorKind::Invalid,
            format!("that operation has no bytes to {what}, or they were piped already"),
        )
    };
    let mut reader = from.take_source().ok_or_else(|| no("give"))?;
    let writer = to.take_sink().ok_or_else(|| no("take"))?;
    let handle = shared.start(meta, move |_, reporter, _| async move {
        let mut bytes = 0_u64;
        loop {
            let (next, broken) = match reader.next().await {
                Ok(Some(chunk)) => {
                    bytes += chunk.len() as u64;
                    reporter.progress(Progress {
                        what: "bytes".to_owned(),
                        done: bytes,
                        total: None,
                    });
                    (Flowing::Chunk(chunk), None)
                }
                Ok(None) => (Flowing::End, None),
                Err(message) => (Flowing::Broken(message.clone()), Some(message)),
            };
            let ended = matches!(next, Flowing::End);
            if writer.send(next).await.is_err() {
                return Err(Fault::error(
                    ErrorKind::Peer,
                    "the other end stopped taking bytes",
                ));
            }
            if let Some(message) = broken {
                return Err(Fault::error(ErrorKind::Peer, message));
            }
            if ended {
                break;
            }
        }
        drop(writer);
        // The bytes have arrived when their taker says so.
        loop {
            match to.next(None).await {
                Some(crate::protocol::Event::Done) | None => break,
                Some(_) => {}
            }
        }
        to.result()?;
        Ok((Outcome::Nothing, json!({ "bytes": bytes })))
    })?;
    Ok(Answer::Handle(handle))
}
