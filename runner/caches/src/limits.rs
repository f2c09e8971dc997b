//! How much of what.

use std::time::Duration;

/// The most bytes of files in an entry: what is more is data, not what can be made again, and takes longer to bring back
/// than to make.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// The most files, folders and links in an entry. The largest trees of packages have some hundred thousand.
pub const MAX_FILES: u64 = 1_000_000;

/// How many folders may lie in each other: each is held open while an entry is made or brought back.
pub const MAX_DEPTH: usize = 128;

/// The longest key, in bytes; the one that GitHub takes.
pub const MAX_KEY: usize = 512;

/// The most bytes that all entries of a store take: then those that were used longest ago go.
pub const MAX_STORE_BYTES: u64 = 16 * 1024 * 1024 * 1024;

/// The most entries of a store. A fallback key is held against each of them: a thousand small files are read in some
/// milliseconds.
pub const MAX_ENTRIES: usize = 1_000;

/// How long an entry stays that nobody uses.
pub const MAX_UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The largest record of an entry: its key and a few dozen paths of the longest that the system takes.
pub(crate) const MAX_RECORD: u64 = 256 * 1024;

/// The largest extended header of an archive: it holds two paths and a time.
pub(crate) const MAX_HEADER: u64 = 64 * 1024;

/// How much is read at once, and so how soon a stop is noticed.
pub(crate) const CHUNK: usize = 256 * 1024;
