//! The classic builder's context: a tar stream that is made while it is sent.

use std::io::{self, Read, Write};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use tar::{EntryType, Header};
use tokio::sync::mpsc;

use crate::context::entry::{Entry, EntryKind};
use crate::context::outcome::Outcome;
use crate::context::source::ContextSource;
use crate::error::{DockerError, DockerErrorKind, Stage};

/// How much is handed on at a time, and how many such pieces may wait: together the memory of a context of any size.
const PIECE: usize = 256 * 1024;
const PIECES: usize = 4;

/// Streams entries as a tar file, in order, owned by root, with their times. Reading ends when the stream is dropped; an
/// error in it ends the connection, so that the engine doesn't take a cut context for a whole one.
pub(crate) fn stream(
    source: ContextSource,
    entries: Vec<Entry>,
) -> (
    impl Stream<Item = io::Result<Bytes>> + Send + use<>,
    Outcome,
) {
    let (sender, mut receiver) = mpsc::channel(PIECES);
    let outcome = Outcome::default();
    let told = outcome.clone();
    tokio::task::spawn_blocking(move || {
        let writer = Pieces {
            sender: sender.clone(),
            piece: BytesMut::with_capacity(PIECE),
        };
        match write(&source, &entries, writer, &told) {
            Ok(()) => {}
            Err(Failure::Receiver) => {}
            Err(Failure::Context(error)) => {
                told.fail(error);
                let _ = sender.blocking_send(Err(io::Error::other("the context ended early")));
            }
        }
    });
    let stream = stream::poll_fn(move |context| receiver.poll_recv(context));
    (stream, outcome)
}

enum Failure {
    /// Nobody reads any more.
    Receiver,
    Context(DockerError),
}

fn write(
    source: &ContextSource,
    entries: &[Entry],
    writer: Pieces,
    told: &Outcome,
) -> Result<(), Failure> {
    let mut tar = tar::Builder::new(writer);
    for entry in entries {
        let failed = |error: io::Error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                Failure::Receiver
            } else {
                Failure::Context(DockerError::new(
                    Stage::Context,
                    DockerErrorKind::Invalid,
                    format!(
                        "`{}` of the build context cannot be sent: {error}",
                        entry.path
                    ),
                ))
            }
        };
        let mut header = Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(entry.size);
        // Times before 1970 have no place in the header.
        header.set_mtime(u64::try_from(entry.modified.div_euclid(1_000_000_000)).unwrap_or(0));
        match &entry.kind {
            EntryKind::Folder => {
                header.set_entry_type(EntryType::Directory);
                tar.append_data(&mut header, format!("{}/", entry.path), io::empty())
                    .map_err(failed)?;
            }
            EntryKind::Pipe => {
                header.set_entry_type(EntryType::Fifo);
                tar.append_data(&mut header, &entry.path, io::empty())
                    .map_err(failed)?;
            }
            EntryKind::Link(target) => {
                header.set_entry_type(EntryType::Symlink);
                tar.append_link(&mut header, &entry.path, target)
                    .map_err(failed)?;
            }
            EntryKind::File => {
                header.set_entry_type(EntryType::Regular);
                let file = source.open(&entry.path).map_err(failed)?;
                tar.append_data(&mut header, &entry.path, Exactly::new(file, entry.size))
                    .map_err(failed)?;
                told.count(entry.size);
            }
        }
    }
    let finished = |error: io::Error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Receiver,
        _ => Failure::Context(DockerError::internal(Stage::Context, error.to_string())),
    };
    let mut writer = tar.into_inner().map_err(finished)?;
    writer.flush().map_err(finished)
}

/// A file's bytes, as many as its header says: a file that grows meanwhile is cut there, one that shrank is an error.
pub(crate) struct Exactly<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Exactly<R> {
    pub(crate) fn new(inner: R, size: u64) -> Self {
        Self { inner, left: size }
    }
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most).filter(|part| !part.is_empty()) else {
            return Ok(0);
        };
        let count = self.inner.read(buffer)?;
        if count == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it became shorter while it was read",
            ));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// Collects bytes to pieces and hands them on, waiting where the receiver is slow.
struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    piece: BytesMut,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, BytesMut::with_capacity(PIECE));
        self.sender
            .blocking_send(Ok(piece.freeze()))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece
            .extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.piece.len() >= PIECE {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}
