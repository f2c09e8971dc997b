//! Files that a user names, read up to a limit: a huge one is refused without being read.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

/// What a file turned out to be.
pub(crate) enum Bounded {
    /// All of it; wiped when dropped, since it may hold secrets.
    Whole(Zeroizing<Vec<u8>>),
    /// It has more than the limit.
    TooLarge,
}

/// Reads a file of at most `limit` bytes. What has no size of its own, such as a pipe, is read to its end.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Bounded> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Ok(Bounded::TooLarge);
    }
    Ok(Bounded::Whole(bytes))
}
