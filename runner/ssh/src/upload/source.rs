//! A local file on its way out: read ahead of what is sent, on a thread of its own.

use std::io::{self, Read};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use super::LocalFile;
use super::transfer::Failure;

/// What is read and handed over at once: eight SFTP packets' worth.
const PIECE: u64 = 256 * 1024;

/// Pieces that wait to be sent: one is sent, one waits, one is read.
const PIECES_AHEAD: usize = 1;

/// Bytes of a file. They are wiped in the end, not each time: the buffers go round.
type Piece = Zeroizing<Vec<u8>>;

/// A file that is being read. What it gives is what the file held at one moment: where somebody wrote to it meanwhile,
/// the last piece is not given but [`Failure::Changed`].
pub(super) struct Source {
    skipped: Option<oneshot::Receiver<Option<[u8; 32]>>>,
    pieces: mpsc::Receiver<Result<Piece, Failure>>,
    /// The piece that was given last.
    current: Option<Piece>,
    /// Where pieces go that have been sent.
    used: mpsc::UnboundedSender<Piece>,
}

impl Source {
    /// Opens a file of about this size and goes over its first bytes, so many of them.
    pub(super) fn open(local: &Arc<dyn LocalFile>, size: u64, skip: u64) -> Self {
        let (piece, pieces) = mpsc::channel(PIECES_AHEAD);
        let (used, reuse) = mpsc::unbounded_channel();
        let (tell, skipped) = oneshot::channel();
        let reading = Reading {
            local: Arc::clone(local),
            size,
            pieces: piece,
            reuse,
        };
        tokio::task::spawn_blocking(move || reading.run(skip, tell));
        Self {
            skipped: (skip > 0).then_some(skipped),
            pieces,
            current: None,
            used,
        }
    }

    /// The digest of what was gone over; none where the file has fewer bytes or can't be read, which the next piece says.
    pub(super) async fn skipped(&mut self) -> Option<[u8; 32]> {
        self.skipped.take()?.await.ok().flatten()
    }

    /// The next bytes; none at the file's end.
    pub(super) async fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        if let Some(used) = self.current.take() {
            // Nobody takes it where the file has been read to its end.
            let _ = self.used.send(used);
        }
        self.current = self.pieces.recv().await.transpose()?;
        Ok(self.current.as_ref().map(|piece| piece.as_slice()))
    }
}

/// The reading thread's part.
struct Reading {
    local: Arc<dyn LocalFile>,
    size: u64,
    pieces: mpsc::Sender<Result<Piece, Failure>>,
    reuse: mpsc::UnboundedReceiver<Piece>,
}

impl Reading {
    fn run(mut self, skip: u64, tell: oneshot::Sender<Option<[u8; 32]>>) {
        if let Err(failure) = self.read(skip, tell) {
            // Nobody hears it where nobody waits for the file any more.
            let _ = self.pieces.blocking_send(Err(failure));
        }
    }

    fn read(&mut self, skip: u64, tell: oneshot::Sender<Option<[u8; 32]>>) -> Result<(), Failure> {
        // Asked before the first byte is read: a write after this moment shows, or all is digested and read again.
        let mut hasher = (!self.local.shows_writes()).then(Sha256::new);
        let mut file = self.local.open().map_err(Failure::Local)?;
        if skip > 0 {
            let mut skipped = Sha256::new();
            let is_unwanted = || self.pieces.is_closed();
            let read = digest_into(&mut skipped, &mut file, self.size, skip, is_unwanted)
                .map_err(Failure::Local)?;
            hasher = hasher.map(|_| skipped.clone());
            let _ = tell.send((read == skip).then(|| skipped.finalize().into()));
        }
        loop {
            let mut piece = self.reuse.try_recv().unwrap_or_else(|_| buffer(self.size));
            read_piece(&mut file, PIECE, &mut piece).map_err(Failure::Local)?;
            if let Some(hasher) = &mut hasher {
                hasher.update(&*piece);
            }
            let is_last = (piece.len() as u64) < PIECE;
            if is_last {
                self.check(hasher.take())?;
            }
            let is_taken = piece.is_empty() || self.pieces.blocking_send(Ok(piece)).is_ok();
            if is_last || !is_taken {
                return Ok(());
            }
        }
    }

    /// Whether what was read is the file as it is now.
    fn check(&self, hasher: Option<Sha256>) -> Result<(), Failure> {
        let is_untouched = match hasher {
            None => self.local.is_untouched(),
            Some(hasher) => {
                let again = digest(&*self.local, self.size, || self.pieces.is_closed());
                again.map_err(Failure::Local)? == <[u8; 32]>::from(hasher.finalize())
            }
        };
        if is_untouched {
            Ok(())
        } else {
            Err(Failure::Changed)
        }
    }
}

/// The digest of a whole file of about this size, read anew. Stops early, with a digest of no use, where nobody wants it
/// any more.
pub(super) fn digest(
    local: &dyn LocalFile,
    size: u64,
    is_unwanted: impl Fn() -> bool,
) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    digest_into(&mut hasher, &mut local.open()?, size, u64::MAX, is_unwanted)?;
    Ok(hasher.finalize().into())
}

/// Digests at most so many bytes and returns how many there were.
fn digest_into(
    hasher: &mut Sha256,
    file: &mut impl Read,
    size: u64,
    limit: u64,
    is_unwanted: impl Fn() -> bool,
) -> io::Result<u64> {
    let mut piece = buffer(size.min(limit));
    let mut done = 0;
    while done < limit && !is_unwanted() {
        read_piece(file, PIECE.min(limit - done), &mut piece)?;
        if piece.is_empty() {
            break;
        }
        hasher.update(&piece);
        done += piece.len() as u64;
    }
    Ok(done)
}

/// Room for a piece of a file of about this size. A byte more, so that the end is found without growing: what grows
/// leaves copies behind that nobody wipes.
fn buffer(size: u64) -> Piece {
    let room = size.saturating_add(1).min(PIECE);
    Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or(0)))
}

/// Reads so many bytes, or what is left, in the place of what the piece held.
fn read_piece(file: &mut impl Read, limit: u64, piece: &mut Piece) -> io::Result<()> {
    piece.clear();
    file.take(limit).read_to_end(piece)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A file whose content is another one each time it is opened.
    struct Changing(Vec<Vec<u8>>, AtomicUsize);

    impl LocalFile for Changing {
        fn open(&self) -> io::Result<super::super::Reader> {
            let turn = self.1.fetch_add(1, Ordering::SeqCst);
            let content = self.0.get(turn).or(self.0.last()).cloned();
            Ok(Box::new(io::Cursor::new(content.unwrap_or_default())))
        }
    }

    fn changing(contents: &[&[u8]]) -> Arc<dyn LocalFile> {
        let contents = contents.iter().map(|content| content.to_vec()).collect();
        Arc::new(Changing(contents, AtomicUsize::new(0)))
    }

    /// A file whose writes show.
    struct Watched(bool);

    impl LocalFile for Watched {
        fn open(&self) -> io::Result<super::super::Reader> {
            Ok(Box::new(io::Cursor::new(b"content")))
        }

        fn shows_writes(&self) -> bool {
            true
        }

        fn is_untouched(&self) -> bool {
            self.0
        }
    }

    async fn all(source: &mut Source) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while let Some(piece) = source.next().await? {
            bytes.extend_from_slice(piece);
        }
        Ok(bytes)
    }

    #[tokio::test]
    async fn a_file_is_given_whole() {
        let piece = usize::try_from(PIECE).unwrap();
        for length in [0, 1, piece - 1, piece, piece + 1, 5 * piece] {
            let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let local: Arc<dyn LocalFile> = Arc::new(Zeroizing::new(content.clone()));
            assert_eq!(all(&mut Source::open(&local, 7, 0)).await.unwrap(), content);
            for skip in [1, length / 2, length].into_iter().filter(|&skip| skip > 0) {
                let mut source = Source::open(&local, 7, skip as u64);
                let (before, after) = content.split_at(skip.min(length));
                let expected = (skip <= length).then(|| Sha256::digest(before).into());
                assert_eq!(source.skipped().await, expected, "{skip} of {length}");
                assert_eq!(all(&mut source).await.unwrap(), after);
            }
        }
    }

    #[tokio::test]
    async fn a_file_that_changes_is_found_out() {
        let whole = all(&mut Source::open(&changing(&[b"same", b"same"]), 4, 0)).await;
        assert_eq!(whole.unwrap(), b"same");
        for contents in [[&b"one"[..], b"two"], [b"one", b"one more"], [b"one", b""]] {
            for skip in [0, 2] {
                let mut source = Source::open(&changing(&contents), 7, skip);
                let failure = all(&mut source).await.unwrap_err();
                assert!(matches!(failure, Failure::Changed), "{failure:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_write_that_shows_is_found_out() {
        for is_untouched in [true, false] {
            let local: Arc<dyn LocalFile> = Arc::new(Watched(is_untouched));
            let read = all(&mut Source::open(&local, 7, 0)).await;
            assert_eq!(read.is_ok(), is_untouched);
        }
    }
}
