//! Where an uploaded file's bytes come from.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;

use tokio::io::AsyncRead;
use zeroize::Zeroizing;

/// A file's bytes as a stream.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// The opening of a file.
pub type Opening<'a> = Pin<Box<dyn Future<Output = io::Result<Reader>> + Send + 'a>>;

/// Something that can be read from its beginning. The caller decides how a path is opened (and which links it
/// follows); a path, and bytes in memory, are the plain cases.
pub trait LocalFile: Send + Sync + 'static {
    /// Opens the file anew.
    fn open(&self) -> Opening<'_>;
}

impl LocalFile for PathBuf {
    fn open(&self) -> Opening<'_> {
        Box::pin(async move { Ok(Box::new(tokio::fs::File::open(self).await?) as Reader) })
    }
}

impl LocalFile for Zeroizing<Vec<u8>> {
    fn open(&self) -> Opening<'_> {
        let cursor = io::Cursor::new(self.clone());
        Box::pin(async move { Ok(Box::new(Memory(cursor)) as Reader) })
    }
}

/// Bytes in memory that are wiped when they have been read.
struct Memory(io::Cursor<Zeroizing<Vec<u8>>>);

impl AsyncRead for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        let at = usize::try_from(self.0.position()).unwrap_or(usize::MAX);
        let rest = self.0.get_ref().get(at..).unwrap_or_default();
        let taken = rest.len().min(buffer.remaining());
        buffer.put_slice(rest.get(..taken).unwrap_or_default());
        self.0.set_position((at + taken) as u64);
        std::task::Poll::Ready(Ok(()))
    }
}
