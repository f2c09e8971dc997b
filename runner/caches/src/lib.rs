//! Folders and files that are kept between runs, by key.
//!
//! An *entry* is what was kept under one key: a folder with a record of it (`entry.json`) and its files (`content.tar`).
//! A *store* holds the entries of one project that one kind of runs has made: trusted runs and untrusted ones have stores
//! of their own, and nothing leads from one to the other.
//!
//! - `limits`: how much of what;
//! - `store`: the folder of a store: opened, searched, added to, cut down;
//! - `lookup`: which entry a key and its fallbacks mean; `entry`: what is known of one; `surplus`: which ones go;
//! - `archive`: files to a tar and back; `gate`: what may be in it;
//! - `staging`: what comes out is put in its place whole or not at all; `spot`: such a place;
//! - `reading`: how files are opened; `handle`: a folder as it can be locked; `stop`: how work is ended early; `error`: what can go wrong.
//!
//! Nothing here knows a pipeline, the environment or a terminal. Every file is reached through the folder that it lies in:
//! no path leads through a link.

mod archive;
mod entry;
mod error;
mod gate;
mod handle;
pub mod limits;
mod lookup;
mod reading;
mod spot;
mod staging;
mod stop;
mod store;
mod surplus;

pub use entry::{Entry, Wanted};
pub use error::{RestoreError, SaveError, StoreError};
pub use gate::Gate;
pub use lookup::Match;
pub use spot::Spot;
pub use stop::Stop;
pub use store::{Found, Kept, Saved, Store, Surplus, SurplusKind, Trust};
