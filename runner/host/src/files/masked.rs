//! A file's bytes as a plugin may have them: masked as one stream, so that a secret is recognised wherever a read, a
//! chunk or a buffer ends.

use std::io::{self, Read};

use cap_std::fs::{Metadata, MetadataExt as _};
use capstep_secrets::{Masker, StreamMasker};

/// How much is read and masked at once.
const CHUNK: usize = 64 * 1024;

/// A reader that gives what masking makes of another one.
pub(crate) struct MaskedReader {
    inner: Box<dyn Read + Send>,
    masker: StreamMasker,
    ready: Vec<u8>,
    /// How much of `ready` was given.
    given: usize,
    ended: bool,
}

impl MaskedReader {
    pub(crate) fn new(inner: Box<dyn Read + Send>, masker: &Masker) -> Self {
        Self {
            inner,
            masker: StreamMasker::new(masker),
            ready: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    /// How many secrets were replaced so far.
    pub(crate) fn replaced(&self) -> u64 {
        self.masker.replaced()
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        self.given = 0;
        self.ready.clear();
        while self.ready.is_empty() && !self.ended {
            self.ready = match self.inner.read(&mut chunk)? {
                0 => {
                    self.ended = true;
                    self.masker.end()
                }
                length => self.masker.push(chunk.get(..length).unwrap_or_default()),
            };
        }
        Ok(())
    }
}

impl Read for MaskedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given >= self.ready.len() {
            self.fill()?;
        }
        let mut rest = self.ready.get(self.given..).unwrap_or_default();
        let length = rest.read(buffer)?;
        self.given += length;
        Ok(length)
    }
}

/// What tells one state of a file from another.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// A file that is read range by range. Offsets count in the masked text: where a range begins there is known only after
/// all before it was masked, so the next range goes on where the last one ended instead of beginning anew.
pub(crate) struct Reading {
    name: String,
    version: Version,
    at: u64,
    reader: MaskedReader,
}

impl Reading {
    pub(crate) fn new(name: String, metadata: &Metadata, reader: MaskedReader) -> Self {
        Self {
            name,
            version: Version::of(metadata),
            at: 0,
            reader,
        }
    }

    /// Whether a range of that file, as it is now, can be read by going on.
    pub(crate) fn continues(&self, name: &str, metadata: &Metadata, offset: u64) -> bool {
        self.name == name && self.at <= offset && self.version == Version::of(metadata)
    }

    /// At most `length` bytes from `offset`, which is not before where the last range ended; fewer at the end.
    pub(crate) fn read(&mut self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let skip = offset.saturating_sub(self.at);
        self.at += io::copy(&mut self.reader.by_ref().take(skip), &mut io::sink())?;
        let mut bytes = Vec::new();
        if self.at == offset {
            self.reader.by_ref().take(length).read_to_end(&mut bytes)?;
            self.at += bytes.len() as u64;
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use capstep_secrets::SecretValue;
    use proptest::prelude::*;

    use super::*;

    /// Text that is full of secrets, of what looks like one, and of tokens that nobody declared.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            Just("hunter2-hunter2-hunter2"),
            Just("hunter2-hunter"),
            Just("short"),
            Just("ghp_0123456789abcdefghij"),
            Just("AKIA0123456789ABCDEF"),
            Just("aHVudGVyMi1odW50ZXIyLWh1bnRlcjI="),
            Just("\n"),
            Just(" and so on "),
        ];
        prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat().into_bytes())
    }

    proptest! {
        /// Whatever the ranges, and in whatever order, they give parts of what one whole read gives.
        #[test]
        fn ranges_are_parts_of_the_whole(
            text in text(),
            ranges in prop::collection::vec((0_u64..600, 0_u64..80), 1..30),
            chunk in 1_usize..50,
        ) {
            let masker = Masker::new([
                ("LONG".to_owned(), SecretValue::new("hunter2-hunter2-hunter2")),
                ("SHORT".to_owned(), SecretValue::new("short")),
            ]);
            let whole = masker.mask_bytes(&text).into_owned();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            std::fs::write(&path, &text).unwrap();
            let dir = cap_std::fs::Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority()).unwrap();
            let metadata = dir.metadata("file").unwrap();
            let open = || {
                let slow = Slow(io::Cursor::new(text.clone()), chunk);
                Reading::new("file".to_owned(), &metadata, MaskedReader::new(Box::new(slow), &masker))
            };
            let mut reading = open();
            for (offset, length) in ranges {
                if !reading.continues("file", &metadata, offset) {
                    reading = open();
                }
                let start = usize::try_from(offset).unwrap().min(whole.len());
                let end = usize::try_from(offset + length).unwrap().min(whole.len());
                prop_assert_eq!(reading.read(offset, length).unwrap(), &whole[start..end]);
            }
        }
    }

    /// Gives little at a time.
    struct Slow(io::Cursor<Vec<u8>>, usize);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(self.1);
            self.0.read(&mut buffer[..length])
        }
    }

    #[test]
    fn a_file_that_changed_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let dir = cap_std::fs::Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority())
            .unwrap();
        dir.write("file", "before").unwrap();
        let before = dir.metadata("file").unwrap();
        let reader = MaskedReader::new(Box::new(io::empty()), &Masker::new([]));
        let reading = Reading::new("file".to_owned(), &before, reader);
        assert!(reading.continues("file", &before, 0));
        assert!(!reading.continues("other", &before, 0));
        dir.write("file", "afterwards").unwrap();
        assert!(!reading.continues("file", &dir.metadata("file").unwrap(), 0));
    }
}
