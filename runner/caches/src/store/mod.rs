//! The folder of a store.
//!
//! ```text
//! $XDG_CACHE_HOME/capstep/caches/PROJECT/trusted/ENTRY/entry.json
//!                                                      content.tar
//! ```
//!
//! An entry is made in a folder of another name and put in its place by one rename: whoever looks finds all of it or
//! nothing, and what is there once is never changed. It goes by a rename as well. Files of killed programs are told by
//! their locks.
//!
//! - `private`: folders that nobody else can have written; `open`: the way to a store, and to all of them;
//! - `read`: entries found and brought back; `save`: entries made; `clear`: entries and leftovers removed;
//! - `draft`: a folder that is being filled; `tree`: a folder removed whatever is in it.

mod clear;
mod draft;
mod open;
mod private;
mod read;
mod save;
#[cfg(test)]
mod tests;
mod tree;

pub use clear::{Kept, Surplus, SurplusKind};
pub use open::{Store, Trust};
pub use read::Found;
pub use save::Saved;

pub(crate) use draft::{Lock, random_name};
pub(crate) use tree::remove as remove_tree;

/// The record of an entry, in its folder.
const RECORD: &str = "entry.json";
/// Its files.
const CONTENT: &str = "content.tar";
/// How folders begin that are being filled.
const DRAFT: &str = ".new-";
/// How folders begin that are being removed.
const REMOVED: &str = ".old-";
