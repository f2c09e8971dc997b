//! What can go wrong.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a store can't be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Somebody else could have written there, or could read it.
    #[error("the cache folder `{path}` is not used: {why}")]
    Unsafe {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Reading or writing failed.
    #[error("the cache folder `{path}` can't be used: {error}")]
    Io {
        /// The folder, or a file in it.
        path: PathBuf,
        /// What went wrong.
        #[source]
        error: io::Error,
    },
}

/// Why an entry was not saved. Nothing of it is left then.
#[derive(Debug, Error)]
pub enum SaveError {
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that is to be kept is of a kind that isn't.
    #[error("`{path}` {why}")]
    Refused {
        /// Its path in the workspace.
        path: String,
        /// Why it isn't kept, in words that follow it.
        why: String,
    },
    /// A file that is to be kept was written with secrets.
    #[error("`{path}` holds secrets, and those never enter a cache")]
    Secret {
        /// Its path in the workspace.
        path: String,
    },
    /// Nothing is at any of the paths.
    #[error("nothing of it is there")]
    Absent,
    /// It is more than is kept.
    #[error("{0}")]
    TooMuch(String),
    /// A file that is to be kept can't be read.
    #[error("`{path}` can't be read: {error}")]
    Read {
        /// Its path in the workspace.
        path: String,
        /// What went wrong.
        #[source]
        error: io::Error,
    },
    /// The archive can't be written.
    #[error("it can't be written: {0}")]
    Write(#[source] io::Error),
    /// It was stopped.
    #[error("it was stopped")]
    Stopped,
}

/// Why an entry was not restored. The workspace is as it was then.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The entry is not what was saved.
    #[error("the entry is damaged: {0}")]
    Damaged(String),
    /// Something is there already, and is not written over.
    #[error("`{path}` is there already")]
    Occupied {
        /// The path in the workspace.
        path: String,
    },
    /// A file can't be written in the workspace.
    #[error("`{path}` can't be written: {error}")]
    Write {
        /// Its path in the workspace.
        path: String,
        /// What went wrong.
        #[source]
        error: io::Error,
    },
    /// It was stopped.
    #[error("it was stopped")]
    Stopped,
}
