//! A file of one packet: written, given its mode and closed in one go. Each answer that is not waited for is a way to the
//! server and back less, and a deployment has thousands of such files.

use russh_sftp::client::RawSftpSession;
use russh_sftp::protocol::OpenFlags;

use super::source::Source;
use super::transfer::{Failure, Item, MODE_WHILE_WRITTEN, Meter, mode};

/// The largest of these: with what goes around it in a packet, servers take it.
pub(super) const SMALL: u64 = 31 * 1024;

/// Writes a local file to a new remote one and gives it its mode. A file that turns out to be larger has changed.
pub(super) async fn send(raw: &RawSftpSession, item: &Item, meter: &Meter) -> Result<(), Failure> {
    let mut source = Source::open(&item.local, item.size, 0);
    let bytes = source.next().await?.unwrap_or_default().to_vec();
    let sent = bytes.len() as u64;
    if sent > SMALL {
        return Err(Failure::Changed);
    }
    let flags = OpenFlags::CREATE | OpenFlags::EXCLUDE | OpenFlags::WRITE;
    let opening = raw.open(&item.staged, flags, mode(MODE_WHILE_WRITTEN));
    let handle = opening.await?.handle;
    let write = async {
        if !bytes.is_empty() {
            raw.write(&handle, 0, bytes).await?;
        }
        Ok(())
    };
    let set_mode = async {
        if item.mode != MODE_WHILE_WRITTEN {
            raw.fsetstat(&handle, mode(item.mode)).await?;
        }
        Ok(())
    };
    let close = raw.close(&handle);
    // In this order: each is asked for when it is polled first.
    let (written, set, closed) = tokio::join!(biased; write, set_mode, close);
    written
        .and(set)
        .and(closed.map(|_| ()))
        .map_err(Failure::Remote)?;
    meter.add(sent);
    Ok(())
}
