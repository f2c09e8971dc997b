//! Where an uploaded file's bytes come from.

use std::io::{self, Read};
use std::path::PathBuf;

use zeroize::Zeroizing;

/// A file's bytes.
pub type Reader = Box<dyn Read + Send>;

/// Something that can be read from its beginning. The caller decides how a path is opened (and which links it
/// follows); a path, and bytes in memory, are the plain cases.
///
/// Its functions run on threads that may wait.
pub trait LocalFile: Send + Sync + 'static {
    /// Opens the file anew.
    fn open(&self) -> io::Result<Reader>;

    /// Whether every write to the file from now on is sure to show in [`LocalFile::is_untouched`]. Where it isn't, the
    /// file is digested while it is sent, then read once more and compared.
    fn shows_writes(&self) -> bool {
        false
    }

    /// Whether the file is what it was when it was listed. Asked when all of it has been read.
    fn is_untouched(&self) -> bool {
        false
    }
}

impl LocalFile for PathBuf {
    fn open(&self) -> io::Result<Reader> {
        Ok(Box::new(std::fs::File::open(self)?))
    }
}

impl LocalFile for Zeroizing<Vec<u8>> {
    fn open(&self) -> io::Result<Reader> {
        Ok(Box::new(Memory(io::Cursor::new(self.clone()))))
    }

    fn shows_writes(&self) -> bool {
        true
    }

    fn is_untouched(&self) -> bool {
        true
    }
}

/// Bytes in memory that are wiped when they have been read.
struct Memory(io::Cursor<Zeroizing<Vec<u8>>>);

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = usize::try_from(self.0.position()).unwrap_or(usize::MAX);
        let mut rest = self.0.get_ref().get(at..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.0.set_position((at + read) as u64);
        Ok(read)
    }
}
