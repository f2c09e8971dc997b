//! `files.open-read` and `files.open-write`: the ends of pipes.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use serde_json::json;

use super::read::readable;
use super::{Target, reading, unseal, writing};
use crate::fault::Fault;
use crate::files::{MaskedReader, Pending, Place};
use crate::ops::{FlowSource, Flowing, Outcome};
use crate::protocol::{Answer, ErrorKind};
use crate::step::{Meta, Shared};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// The mode of a file that is written through a pipe.
const FILE_MODE: u32 = 0o644;

/// A source: what a plugin may read of the file, masked as one stream.
pub(super) fn read(
    shared: &Arc<Shared>,
    meta: Meta,
    input: &str,
    entry: &str,
) -> Result<Answer, Fault> {
    let target = Target::permitted(shared, &reading(input, entry))?;
    let meta = meta.under(shared.grants(&[input]));
    let place = target
        .real(shared)
        .map_err(|fault| target.located(shared, fault))?;
    let handle = shared.start(meta, move |shared, _, operation| {
        let (sender, source) = FlowSource::pair();
        operation.set_source(source);
        async move {
            let name = place.name();
            let target = Arc::new(target);
            let mut reader = {
                let (shared, target) = (Arc::clone(&shared), Arc::clone(&target));
                let open = move || {
                    let reader = readable(&shared, &target, &place)?;
                    Ok(MaskedReader::new(reader, &shared.masker))
                };
                blocking(open).await?
            };
            let mut bytes = 0_u64;
            loop {
                // A thread is held while the disk works, and none while nobody takes the bytes.
                let (read, chunk);
                (reader, read, chunk) = blocking(move || Ok(next(reader))).await?;
                if let Err(error) = read {
                    let _ = sender.send(Flowing::Broken(error.to_string())).await;
                    return Err(target.fault(error));
                }
                bytes += chunk.len() as u64;
                let ended = chunk.is_empty();
                let flowing = if ended {
                    Flowing::End
                } else {
                    Flowing::Chunk(chunk)
                };
                // If nobody takes them any more, who waits for the other end is told.
                if sender.send(flowing).await.is_err() || ended {
                    break;
                }
            }
            let masked = reader.replaced();
            shared.warn_of_masked(masked, &format!("`{name}`"));
            Ok((
                Outcome::Nothing,
                json!({ "bytes": bytes, "masked": masked }),
            ))
        }
    })?;
    Ok(Answer::Handle(handle))
}

/// The next bytes, none at the end.
fn next(mut reader: MaskedReader) -> (MaskedReader, io::Result<()>, Vec<u8>) {
    let mut chunk = vec![0; CHUNK];
    let read = reader.read(&mut chunk);
    chunk.truncate(*read.as_ref().unwrap_or(&0));
    (reader, read.map(drop), chunk)
}

/// A sink: the file is put in its place when the last byte has come.
pub(super) fn write(
    shared: &Arc<Shared>,
    meta: Meta,
    input: &str,
    entry: &str,
) -> Result<Answer, Fault> {
    let target = Target::permitted(shared, &writing(input, entry))?;
    // At once, so that a plugin that never sends a byte is denied, too.
    target.refuse_leaving(shared)?;
    let meta = meta.under(shared.grants(&[input]));
    let handle = shared.start(meta, move |shared, _, operation| {
        let (sender, mut source) = FlowSource::pair();
        operation.set_sink(sender);
        async move {
            let target = Arc::new(target);
            let (place, mut pending) = {
                let (shared, target) = (Arc::clone(&shared), Arc::clone(&target));
                blocking(move || begin(&shared, &target)).await?
            };
            let mut bytes = 0_u64;
            while let Some(chunk) = source
                .next()
                .await
                .map_err(|message| Fault::error(ErrorKind::Peer, message))?
            {
                bytes += chunk.len() as u64;
                let target = Arc::clone(&target);
                pending = blocking(move || {
                    pending
                        .file
                        .write_all(&chunk)
                        .map_err(|error| target.fault(error))?;
                    Ok(pending)
                })
                .await?;
            }
            // Not on another thread: once begun, it is not to end as cancelled.
            pending.commit().map_err(|error| target.fault(error))?;
            unseal(&shared, &place)?;
            Ok((Outcome::Nothing, json!({ "bytes": bytes })))
        }
    })?;
    Ok(Answer::Handle(handle))
}

fn begin(shared: &Shared, target: &Target) -> Result<(Place, Pending), Fault> {
    let place = target.create(shared)?;
    let pending = place
        .pending(FILE_MODE)
        .map_err(|error| target.fault(error))?;
    Ok((place, pending))
}

/// Works with the disk, which may be slow, on a thread that may wait for it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Fault::error(ErrorKind::Internal, "the file verb broke off"))?
}
