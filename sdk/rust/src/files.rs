//! Files of the workspace. `input` is the pointer of the `path` input that hands them over, `entry` a path below it,
//! empty for the path itself.

use crate::error::Error;
use crate::ops::Ops;

pub use crate::bindings::capstep::step::files::{
    EntriesOptions, Entry, Kind, Metadata as Stat, WriteOptions, Written,
};

/// A host with files.
pub trait Files {
    /// Reads at most `length` bytes (1 MiB at most) from `offset`; fewer at the end, none beyond it.
    ///
    /// # Errors
    /// `denied`, `not-found`, and the file system's own trouble.
    fn read(&self, input: &str, entry: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error>;

    /// Writes a file, whole and at once, or adds to it. Parent folders are made.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn write(
        &self,
        input: &str,
        entry: &str,
        content: &[u8],
        options: WriteOptions,
    ) -> Result<(), Error>;

    /// Writes a file of named values in `format` (`compose`, `docker`, `shell`, `json`). Each of `values` is the
    /// pointer of an input whose last part is the name.
    ///
    /// # Errors
    /// `invalid` for a value that the format can't hold, and as [`Files::read`].
    fn write_entries(
        &self,
        input: &str,
        format: &str,
        values: &[String],
        options: &EntriesOptions,
    ) -> Result<Written, Error>;

    /// What lies at or below, sorted by path; a glob's matches.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn list(&self, input: &str, entry: &str, recursive: bool) -> Result<Vec<Entry>, Error>;

    /// What is known of one entry. A link is not followed.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn stat(&self, input: &str, entry: &str) -> Result<Stat, Error>;

    /// Removes a file, or a folder with all in it.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn remove(&self, input: &str, entry: &str) -> Result<(), Error>;

    /// The SHA-256 of a file's bytes in hexadecimal; of its template where it is sealed.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn digest(&self, input: &str, entry: &str) -> Result<String, Error>;
}

/// A host whose files can be piped, so that their bytes never cross into the step.
pub trait FileStreams: Ops {
    /// A source: the file's bytes.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn open_read(&self, input: &str, entry: &str) -> Result<Self::Op, Error>;

    /// A sink: the file is put in place, whole, when the last byte has arrived.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn open_write(&self, input: &str, entry: &str) -> Result<Self::Op, Error>;

    /// Lets bytes flow from `source` to `sink`; the new operation is done when the last has arrived.
    ///
    /// # Errors
    /// `invalid` for operations that are no source or no sink.
    fn pipe(&self, source: &Self::Op, sink: &Self::Op) -> Result<Self::Op, Error>;
}
