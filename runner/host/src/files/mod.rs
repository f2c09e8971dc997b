//! The workspace's files, reached only through designated paths.
//!
//! `workspace` is the folder, `place` a designated path opened without following a link on the way to it, `walk` what
//! lies below one, `sealed` the files that hold secrets.

mod place;
mod sealed;
mod walk;
mod workspace;

pub(crate) use place::{FileError, Place, stat_of};
pub use sealed::{SealedFiles, SealedFilesError};
pub(crate) use walk::{Found, walk, walk_except};
pub use workspace::Workspace;
