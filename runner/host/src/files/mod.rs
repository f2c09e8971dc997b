//! The workspace's files, reached only through designated paths.
//!
//! `workspace` is the folder, `place` a designated path opened without following a link on the way to it, `walk` what
//! lies below one, `masked` what a plugin may have of a file's bytes, `sealed` the files that hold secrets, `hash` one
//! digest of many files.

mod hash;
mod masked;
mod place;
mod sealed;
mod walk;
mod workspace;

pub use hash::hash_files;
pub(crate) use masked::{MaskedReader, Reading};
pub(crate) use place::{FileError, Pending, Place, stat_of};
pub(crate) use sealed::COMPARE_LIMIT;
pub use sealed::{HeldSecret, SealedFiles, SealedFilesError};
pub(crate) use walk::{Found, walk, walk_except};
pub use workspace::Workspace;
