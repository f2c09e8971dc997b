//! An entry's files as a tar, and back.
//!
//! What is written is strict: ordinary files, folders and links, each folder right before what lies in it, names by their
//! paths in the workspace; what a header has no room for stands in an extended header before it, as POSIX says. So any tar
//! can read it. What is read is held to the same, letter by letter: an archive is refused where it has anything else in it,
//! or in another order.
//!
//! Kept of a file are its bytes, who may read, write and execute it, and when it was changed; of a link where it leads. Not
//! kept are owners, special permission bits and extended attributes. A file with several names is several files.
//!
//! - `pack`: files to an archive; `unpack`: an archive to files; `extended`: extended headers;
//! - `link`: which links there may be; `mtime`: times; `written`: an archive's size and digest while it is written.

mod extended;
mod link;
mod mtime;
mod pack;
mod unpack;
mod written;

pub(crate) use pack::pack;
pub(crate) use unpack::unpack;

/// What stands in a header for a name that has no room there.
const LONG: &str = "long-name";

/// The permission bits that are kept.
const KEPT_MODE: u32 = 0o777;
