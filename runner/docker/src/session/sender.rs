//! The sending half of a file transfer: a list of entries, and beside it the bytes of those that are wished for.

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError, mpsc as std_mpsc};

use bytes::{Bytes, BytesMut};
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
use crate::session::messages::{Packet, PacketKind};
use crate::session::packets::{encode, packet, stat};
use crate::session::question::{CONTEXT, DOCKERFILE, Question};

/// How much of a file is sent at a time.
const PIECE: usize = 64 * 1024;

/// What the receiver wants.
pub(super) enum Wish {
    /// The bytes of the entry with this number.
    File(u32),
    /// Nothing more.
    End,
}

/// One transfer's. It lists in one thread and reads in several: the receiver asks for files while it is still being told
/// what there is, and writes several at once.
pub(super) struct Sender {
    source: ContextSource,
    dockerfile: String,
    asked: Question,
    outcome: Outcome,
    frames: mpsc::Sender<Bytes>,
    wished: Mutex<std_mpsc::Receiver<Wish>>,
    /// The files that were offered and not asked for yet, each at its number.
    offered: Mutex<Vec<Option<Entry>>>,
}

impl Sender {
    pub(super) fn new(
        (source, dockerfile): (ContextSource, String),
        asked: Question,
        outcome: Outcome,
        frames: mpsc::Sender<Bytes>,
        wished: std_mpsc::Receiver<Wish>,
    ) -> Self {
        Self {
            source,
            dockerfile,
            asked,
            outcome,
            frames,
            wished: Mutex::new(wished),
            offered: Mutex::default(),
        }
    }

    /// Tells the receiver what there is.
    pub(super) fn tell(&self) {
        self.stop_on_failure(self.offer());
    }

    /// Sends what is wished for, until nothing more is.
    pub(super) fn serve(&self) {
        self.stop_on_failure(self.fulfil());
    }

    fn stop_on_failure(&self, result: Result<(), Stop>) {
        if let Err(Stop::Failed(error)) = result {
            let packet = Packet {
                kind: PacketKind::Error as i32,
                data: Bytes::from(error.message.clone()),
                ..Packet::default()
            };
            self.outcome.fail(error);
            let _ = self.push(&packet);
        }
    }

    fn offer(&self) -> Result<(), Stop> {
        for entry in self.list()? {
            let told = stat(&entry);
            // Before the receiver hears of it: it may ask at once.
            self.offered
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((entry.kind == EntryKind::File).then_some(entry));
            self.push(&told)?;
        }
        self.push(&packet(PacketKind::Stat))
    }

    fn fulfil(&self) -> Result<(), Stop> {
        while let Some(wish) = self.next_wish() {
            match wish {
                // It has all that it asked for: no other thread is sending.
                Wish::End => return self.push(&packet(PacketKind::Finish)),
                Wish::File(number) => {
                    let entry = self.take(number)?;
                    self.send_file(number, &entry)?;
                    if self.asked.name == CONTEXT && entry.path != IGNORE_FILE {
                        self.outcome.count(entry.size);
                    }
                }
            }
        }
        Ok(())
    }

    /// Waits for it; none when nobody is there to wish any more.
    fn next_wish(&self) -> Option<Wish> {
        let wished = self.wished.lock().unwrap_or_else(PoisonError::into_inner);
        wished.recv().ok()
    }

    /// Each file once: whoever asks again, or for what was not offered, breaks the protocol.
    fn take(&self, number: u32) -> Result<Entry, Stop> {
        let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        usize::try_from(number)
            .ok()
            .and_then(|number| offered.get_mut(number)?.take())
            .ok_or_else(|| {
                Stop::Failed(DockerError::new(
                    Stage::Context,
                    DockerErrorKind::Peer,
                    "the engine asked for a file that it was not offered",
                ))
            })
    }

    fn send_file(&self, number: u32, entry: &Entry) -> Result<(), Stop> {
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
            self.push(&Packet {
                kind: PacketKind::Data as i32,
                id: number,
                data: piece.freeze(),
                stat: None,
            })?;
            if last {
                return Ok(());
            }
        }
    }

    fn push(&self, packet: &Packet) -> Result<(), Stop> {
        let frame = encode(packet).map_err(|_| Stop::Gone)?;
        self.frames.blocking_send(frame).map_err(|_| Stop::Gone)
    }

    /// The entries that are asked for; each has passed the gate, whatever the patterns of the question are: they can
    /// come from a program that the Dockerfile names (`# syntax=`).
    fn list(&self) -> Result<Vec<Entry>, DockerError> {
        let asked = &self.asked;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::sync::Arc;

    use cap_std::ambient_authority;
    use cap_std::fs::Dir;
    use prost::Message as _;

    use super::*;
    use crate::context::source::Open;

    /// Threads that read, in these tests.
    const READERS: usize = 3;

    /// Answers a receiver that wishes for `wishes` of each file as soon as it is told of it.
    fn transfer(files: &[(&str, usize)], wishes: usize) -> (Vec<Packet>, Outcome) {
        let folder = tempfile::tempdir().unwrap();
        for (name, size) in files {
            fs::write(folder.path().join(name), name.repeat(*size)).unwrap();
        }
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let source = ContextSource::new(Arc::new(dir), Arc::new(Open));
        let asked = Question {
            name: CONTEXT.to_owned(),
            ..Question::default()
        };
        let (frames, mut ready) = mpsc::channel(2);
        let (wish, wished) = std_mpsc::channel();
        let outcome = Outcome::default();
        let sender = Sender::new(
            (source, "Dockerfile".to_owned()),
            asked,
            outcome.clone(),
            frames,
            wished,
        );
        let mut packets = Vec::new();
        std::thread::scope(|scope| {
            let sender = Arc::new(sender);
            for _ in 0..READERS {
                let sender = Arc::clone(&sender);
                scope.spawn(move || sender.serve());
            }
            scope.spawn(move || sender.tell());
            let mut wish = Some(wish);
            let (mut told, mut ended, mut all_told) = (0, 0, false);
            while let Some(frame) = ready.blocking_recv() {
                let packet = Packet::decode(&frame[5..]).unwrap();
                match PacketKind::try_from(packet.kind).unwrap() {
                    PacketKind::Stat if packet.stat.is_some() => {
                        for _ in 0..wishes {
                            let wish = wish.as_ref().unwrap();
                            wish.send(Wish::File(told)).unwrap();
                        }
                        told += 1;
                    }
                    PacketKind::Stat => all_told = true,
                    PacketKind::Data => ended += u32::from(packet.data.is_empty()),
                    // The receiver goes away.
                    PacketKind::Error => wish = None,
                    _ => {}
                }
                packets.push(packet);
                if all_told
                    && ended == told
                    && let Some(wish) = wish.take()
                {
                    wish.send(Wish::End).unwrap();
                }
            }
        });
        (packets, outcome)
    }

    #[test]
    fn files_are_sent_whole_beside_each_other() {
        let files = [("a", 200_000), ("b", 1), ("c", 0), ("d", 131_072)];
        let (packets, outcome) = transfer(&files, 1);
        let mut contents: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        for packet in &packets {
            if packet.kind == PacketKind::Data as i32 {
                contents.entry(packet.id).or_default().extend(&packet.data);
            }
        }
        let expected: Vec<Vec<u8>> = files
            .iter()
            .map(|(name, size)| name.repeat(*size).into_bytes())
            .collect();
        assert!(contents.into_values().eq(expected));
        let last = packets.last().unwrap();
        assert_eq!(last.kind, PacketKind::Finish as i32);
        assert_eq!(outcome.sent().files, 4);
        assert_eq!(outcome.sent().bytes, 331_073);
        assert!(outcome.failure().is_none());
    }

    #[test]
    fn a_file_is_sent_once() {
        let (packets, outcome) = transfer(&[("a", 10)], 2);
        assert!(
            packets
                .iter()
                .any(|packet| packet.kind == PacketKind::Error as i32)
        );
        assert_eq!(outcome.failure().unwrap().kind, DockerErrorKind::Peer);
    }
}
