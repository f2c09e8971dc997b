//! The context, as far as BuildKit asks for it: a list of entries, then the bytes of those it lacks.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use prost::Message;
use tokio::sync::mpsc;

use crate::context::archive::Exactly;
use crate::context::entry::{Entry, EntryKind};
use crate::context::filter::Asked;
use crate::context::follow::follow;
use crate::context::ignore::matcher::Matcher;
use crate::context::outcome::Outcome;
use crate::context::source::ContextSource;
use crate::context::{IGNORE_FILE, walk};
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::session::grpc::{Incoming, Outgoing, Status, frame_prefix};
use crate::session::messages::{Packet, PacketKind, Stat};

/// How much of a file is sent at a time, and how many pieces may wait: together the memory of a transfer.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 8;

/// The names by which BuildKit asks: the context, and the folder of the Dockerfile.
const CONTEXT: &str = "context";
const DOCKERFILE: &str = "dockerfile";

/// What is served to BuildKit.
#[derive(Clone)]
pub(super) struct Files {
    source: ContextSource,
    dockerfile: String,
    outcome: Outcome,
}

/// What the receiver wants.
enum Wish {
    /// The bytes of the entry with this number.
    File(u32),
    /// Nothing more.
    End,
}

impl Files {
    pub(super) fn new(source: ContextSource, dockerfile: String, outcome: Outcome) -> Self {
        Self {
            source,
            dockerfile,
            outcome,
        }
    }

    /// One transfer, from the first packet to the last.
    pub(super) async fn transfer(
        &self,
        headers: &HeaderMap,
        incoming: &mut Incoming,
        outgoing: &mut Outgoing,
    ) -> Result<(), Status> {
        let asked = Question::read(headers);
        let (wishes, wished) = mpsc::unbounded_channel();
        let (frames, mut ready) = mpsc::channel(PIECES);
        let files = self.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(Stop::Failed(error)) = files.send(&asked, wished, &frames) {
                let packet = Packet {
                    kind: PacketKind::Error as i32,
                    data: Bytes::from(error.message.clone()),
                    ..Packet::default()
                };
                files.outcome.fail(error);
                if let Ok(frame) = encode(&packet) {
                    let _ = frames.blocking_send(frame);
                }
            }
        });
        let sending = async {
            while let Some(frame) = ready.recv().await {
                outgoing.send_frame(frame).await?;
            }
            Ok(())
        };
        let hearing = async {
            // The receiver asks while it is still being told what there is: its wishes wait in memory, at most one
            // for each entry that it was told of.
            while let Some(packet) = incoming.next::<Packet>().await? {
                match PacketKind::try_from(packet.kind) {
                    Ok(PacketKind::Request) => {
                        let _ = wishes.send(Wish::File(packet.id));
                    }
                    Ok(PacketKind::Finish) => {
                        let _ = wishes.send(Wish::End);
                        return Ok(());
                    }
                    Ok(PacketKind::Error) => return Err(Status::gone()),
                    _ => return Err(Status::invalid("a packet out of place")),
                }
            }
            // Without a finish, the transfer was given up.
            Err(Status::gone())
        };
        let result = tokio::try_join!(sending, hearing);
        result.map(|_| ())
    }

    /// Runs beside the connection: lists, then reads what is wished for.
    fn send(
        &self,
        asked: &Question,
        mut wished: mpsc::UnboundedReceiver<Wish>,
        frames: &mpsc::Sender<Bytes>,
    ) -> Result<(), Stop> {
        let mut entries: Vec<Option<Entry>> = Vec::new();
        for entry in self.list(asked)? {
            push(frames, &stat(&entry))?;
            entries.push((entry.kind == EntryKind::File).then_some(entry));
        }
        push(frames, &packet(PacketKind::Stat))?;
        while let Some(wish) = wished.blocking_recv() {
            match wish {
                Wish::End => {
                    push(frames, &packet(PacketKind::Finish))?;
                    return Ok(());
                }
                Wish::File(number) => {
                    // Each file once: whoever asks again, or for what was not offered, breaks the protocol.
                    let entry = usize::try_from(number)
                        .ok()
                        .and_then(|number| entries.get_mut(number)?.take())
                        .ok_or_else(|| {
                            Stop::Failed(DockerError::new(
                                Stage::Context,
                                DockerErrorKind::Peer,
                                "the engine asked for a file that it was not offered",
                            ))
                        })?;
                    self.send_file(number, &entry, frames)?;
                    if asked.name == CONTEXT && entry.path != IGNORE_FILE {
                        self.outcome.count(entry.size);
                    }
                }
            }
        }
        Ok(())
    }

    fn send_file(
        &self,
        number: u32,
        entry: &Entry,
        frames: &mpsc::Sender<Bytes>,
    ) -> Result<(), Stop> {
        let failed = |error: io::Error| {
            Stop::Failed(DockerError::invalid(
                Stage::Context,
                format!(
                    "`{}` of the build context cannot be sent: {error}",
                    entry.path
                ),
            ))
        };
        let file = self.source.open(&entry.path).map_err(failed)?;
        let mut file = Exactly::new(file, entry.size);
        loop {
            let mut piece =
                BytesMut::zeroed(PIECE.min(usize::try_from(entry.size).unwrap_or(PIECE)));
            let count = read_full(&mut file, &mut piece).map_err(failed)?;
            piece.truncate(count);
            let last = piece.is_empty();
            // A packet without bytes is the file's end.
            push(
                frames,
                &Packet {
                    kind: PacketKind::Data as i32,
                    id: number,
                    data: piece.freeze(),
                    stat: None,
                },
            )?;
            if last {
                return Ok(());
            }
        }
    }

    /// The entries that are asked for; each has passed the gate, whatever the patterns of the question are: they can
    /// come from a program that the Dockerfile names (`# syntax=`).
    fn list(&self, asked: &Question) -> Result<Vec<Entry>, DockerError> {
        let follows: Vec<&str> = match asked.name.as_str() {
            CONTEXT => asked.follow.iter().map(String::as_str).collect(),
            DOCKERFILE => {
                let ignore = format!("{}{IGNORE_FILE}", self.dockerfile);
                return self.list_by(
                    &[],
                    follow(&self.source, [self.dockerfile.as_str(), ignore.as_str()]),
                    &asked.exclude,
                );
            }
            other => {
                return Err(DockerError::new(
                    Stage::Context,
                    DockerErrorKind::Unsupported,
                    format!("the build asks for a folder `{other}` that it was not given"),
                ));
            }
        };
        let followed = if follows.is_empty() {
            Some(Vec::new())
        } else {
            follow(&self.source, follows)
        };
        self.list_by(&asked.include, followed, &asked.exclude)
    }

    fn list_by(
        &self,
        include: &[String],
        followed: Option<Vec<String>>,
        exclude: &[String],
    ) -> Result<Vec<Entry>, DockerError> {
        // The whole context among what is followed adds no pattern, like nothing at all.
        let followed = followed.unwrap_or_default();
        let included = Matcher::new(include.iter().chain(&followed).map(String::as_str))?;
        let excluded = Matcher::new(exclude.iter().map(String::as_str))?;
        let entries = walk::walk(&self.source, &Asked::new(included, excluded))?;
        for entry in &entries {
            self.source.pass(entry)?;
        }
        Ok(entries)
    }
}

/// Why a transfer ends early.
enum Stop {
    /// Nobody takes any more.
    Gone,
    Failed(DockerError),
}

impl From<DockerError> for Stop {
    fn from(error: DockerError) -> Self {
        Self::Failed(error)
    }
}

fn push(frames: &mpsc::Sender<Bytes>, packet: &Packet) -> Result<(), Stop> {
    let frame = encode(packet).map_err(|_| Stop::Gone)?;
    frames.blocking_send(frame).map_err(|_| Stop::Gone)
}

fn encode(packet: &Packet) -> Result<Bytes, Status> {
    let length = packet.encoded_len();
    let mut bytes = BytesMut::with_capacity(length + 5);
    frame_prefix(&mut bytes, length)?;
    packet
        .encode(&mut bytes)
        .map_err(|error| Status::internal(error.to_string()))?;
    Ok(bytes.freeze())
}

fn packet(kind: PacketKind) -> Packet {
    Packet {
        kind: kind as i32,
        ..Packet::default()
    }
}

/// An entry in the protocol's words: owned by root, with Go's bits for its kind.
fn stat(entry: &Entry) -> Packet {
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

fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// What BuildKit wants to have, out of a call's headers.
#[derive(Debug, Default, PartialEq, Eq)]
struct Question {
    name: String,
    include: Vec<String>,
    exclude: Vec<String>,
    follow: Vec<String>,
}

impl Question {
    fn read(headers: &HeaderMap) -> Self {
        Self {
            name: values(headers, "dir-name").pop().unwrap_or_default(),
            include: values(headers, "include-patterns"),
            exclude: values(headers, "exclude-patterns"),
            follow: values(headers, "followpaths"),
        }
    }
}

/// A header's values; newer engines escape those that aren't ASCII, and say so by another header.
fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let escaped = headers
        .get(format!("{name}-encoded"))
        .is_some_and(|value| value == "1" || value == "true");
    headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            if escaped {
                let blanks = text.replace('+', " ");
                percent_decode_str(&blanks).decode_utf8_lossy().into_owned()
            } else {
                text.into_owned()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn questions_are_read_from_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("dir-name", HeaderValue::from_static("context"));
        headers.append("followpaths", HeaderValue::from_static("a%C3%A9+b%2B"));
        headers.append("followpaths", HeaderValue::from_static("c"));
        headers.insert("followpaths-encoded", HeaderValue::from_static("1"));
        headers.append("exclude-patterns", HeaderValue::from_static("a%2B"));
        assert_eq!(
            Question::read(&headers),
            Question {
                name: "context".into(),
                include: vec![],
                exclude: vec!["a%2B".into()],
                follow: vec!["aé b+".into(), "c".into()],
            }
        );
    }

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
