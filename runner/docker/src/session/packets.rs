//! Packets of a file transfer, as they are sent.

use bytes::{Bytes, BytesMut};
use prost::Message;

use crate::context::entry::{Entry, EntryKind};
use crate::session::grpc::{Status, frame_prefix};
use crate::session::messages::{Packet, PacketKind, Stat};

/// A packet with the prefix that gRPC has before it.
pub(super) fn encode(packet: &Packet) -> Result<Bytes, Status> {
    let length = packet.encoded_len();
    let mut bytes = BytesMut::with_capacity(length + 5);
    frame_prefix(&mut bytes, length)?;
    packet
        .encode(&mut bytes)
        .map_err(|error| Status::internal(error.to_string()))?;
    Ok(bytes.freeze())
}

/// A packet that says no more than its kind.
pub(super) fn packet(kind: PacketKind) -> Packet {
    Packet {
        kind: kind as i32,
        ..Packet::default()
    }
}

/// An entry in the protocol's words: owned by root, with Go's bits for its kind.
pub(super) fn stat(entry: &Entry) -> Packet {
    let (kind, link) = match &entry.kind {
        EntryKind::Folder => (1 << 31, String::new()),
        EntryKind::File => (0, String::new()),
        EntryKind::Link(target) => (1 << 27, target.clone()),
        EntryKind::Pipe => (1 << 25, String::new()),
    };
    let special = [(0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20)]
        .into_iter()
        .filter(|(unix, _)| entry.mode & unix != 0)
        .fold(0, |all, (_, go)| all | go);
    Packet {
        kind: PacketKind::Stat as i32,
        stat: Some(Stat {
            path: entry.path.clone(),
            mode: kind | special | (entry.mode & 0o777),
            uid: 0,
            gid: 0,
            size: i64::try_from(entry.size).unwrap_or(i64::MAX),
            modified: entry.modified,
            link,
        }),
        ..Packet::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_special_bits_are_those_of_go() {
        for (kind, mode, expected) in [
            (EntryKind::File, 0o644, 0o644),
            (EntryKind::Folder, 0o1777, 0x8000_0000 | 0x0010_0000 | 0o777),
            (EntryKind::File, 0o6755, 0x0080_0000 | 0x0040_0000 | 0o755),
            (EntryKind::Link("x".into()), 0o777, 0x0800_0000 | 0o777),
            (EntryKind::Pipe, 0o600, 0x0200_0000 | 0o600),
        ] {
            let packet = stat(&Entry {
                path: "p".into(),
                kind,
                size: 0,
                mode,
                modified: 0,
            });
            assert_eq!(packet.stat.unwrap().mode, expected);
        }
    }
}
