//! An archive's size and digest while it is written.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use sha2::{Digest as _, Sha256};

use crate::entry::hexadecimal;
use crate::limits::CHUNK;

/// A file that is written, and what was written to it.
pub(super) struct Written {
    file: BufWriter<File>,
    digest: Sha256,
    size: u64,
}

impl Written {
    pub(super) fn new(file: File) -> Self {
        Self {
            file: BufWriter::with_capacity(CHUNK, file),
            digest: Sha256::new(),
            size: 0,
        }
    }

    /// The size and the digest of all that was written.
    pub(super) fn finish(mut self) -> io::Result<(u64, String)> {
        self.file.flush()?;
        Ok((self.size, hexadecimal(&self.digest.finalize())))
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.digest.update(bytes.get(..count).unwrap_or_default());
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
