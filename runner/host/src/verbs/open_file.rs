//! `files.open-read` and `files.open-write`: the ends of pipes.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use serde_json::json;

use super::files::{file_fault, readable};
use crate::fault::Fault;
use crate::files::{MaskedReader, Place};
use crate::ops::{FlowSource, Flowing, Outcome};
use crate::protocol::{Answer, ErrorKind};
use crate::step::{Meta, Shared};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// A source: what a plugin may read of the file, masked as one stream.
pub(super) fn read(
    shared: &Arc<Shared>,
    meta: Meta,
    pointer: String,
    place: Place,
) -> Result<Answer, Fault> {
    let handle = shared.start(meta, move |shared, _, operation| {
        let (sender, source) = FlowSource::pair();
        operation.set_source(source);
        async move {
            let name = place.name();
            let (for_opening, at) = (Arc::clone(&shared), pointer);
            let opened = tokio::task::spawn_blocking(move || {
                let reader = readable(&for_opening, &place, &at)?;
                Ok::<_, Fault>(MaskedReader::new(reader, &for_opening.masker))
            })
            .await;
            let mut reader = opened
                .map_err(|_| Fault::error(ErrorKind::Internal, "reading was broken off"))??;
            let pumped = tokio::task::spawn_blocking(move || {
                let mut total = 0_u64;
                loop {
                    let mut chunk = vec![0; CHUNK];
                    let length = match reader.read(&mut chunk) {
                        Ok(length) => length,
                        Err(error) => {
                            let _ = sender.blocking_send(Flowing::Broken(error.to_string()));
                            return Err(error);
                        }
                    };
                    chunk.truncate(length);
                    total += length as u64;
                    let next = match length {
                        0 => Flowing::End,
                        _ => Flowing::Chunk(chunk),
                    };
                    // Who no longer takes them is told elsewhere.
                    if sender.blocking_send(next).is_err() || length == 0 {
                        return Ok((total, reader.replaced()));
                    }
                }
            });
            let (bytes, masked) = pumped
                .await
                .map_err(|_| Fault::error(ErrorKind::Internal, "reading was broken off"))?
                .map_err(|error| {
                    Fault::error(ErrorKind::Internal, format!("reading `{name}`: {error}"))
                })?;
            shared.warn_of_masked(masked, &format!("`{name}`"));
            Ok((
                Outcome::Nothing,
                json!({ "bytes": bytes, "masked": masked }),
            ))
        }
    })?;
    Ok(Answer::Handle(handle))
}

/// A sink: the file is put in its place when the last byte has come.
pub(super) fn write(
    shared: &Arc<Shared>,
    meta: Meta,
    pointer: String,
    place: Place,
) -> Result<Answer, Fault> {
    let mut pending = place
        .pending(0o644)
        .map_err(|error| file_fault(error, &pointer, &place.name()))?;
    let name = place.name();
    let handle = shared.start(meta, move |shared, _, operation| {
        let (sender, mut source) = FlowSource::pair();
        operation.set_sink(sender);
        async move {
            let mut bytes = 0_u64;
            while let Some(chunk) = source
                .next()
                .await
                .map_err(|message| Fault::error(ErrorKind::Peer, message))?
            {
                bytes += chunk.len() as u64;
                pending = tokio::task::spawn_blocking(move || {
                    pending.file.write_all(&chunk).map(|()| pending)
                })
                .await
                .map_err(|_| Fault::error(ErrorKind::Internal, "writing was broken off"))?
                .map_err(|error| {
                    Fault::error(ErrorKind::Internal, format!("writing `{name}`: {error}"))
                })?;
            }
            pending
                .commit()
                .map_err(|error| file_fault(error, &pointer, &name))?;
            shared
                .sealed
                .forget(&name)
                .map_err(|message| Fault::error(ErrorKind::Internal, message))?;
            Ok((Outcome::Nothing, json!({ "bytes": bytes })))
        }
    })?;
    Ok(Answer::Handle(handle))
}
