//! Small values that last between runs: the last good image, a version that was deployed.
//!
//! They are kept on the machine that runs the pipeline, for each environment of a project. A value is text of at most
//! 64 KiB, a name has at most 128 bytes. Secrets are not kept.

use crate::error::Error;

/// A host that keeps values.
pub trait State {
    /// The value of a name of the `state` input at this pointer.
    ///
    /// # Errors
    /// `denied` unless the input asks for `read`; `not-found` where it was not set.
    fn get(&self, input: &str, name: &str) -> Result<Option<String>, Error>;

    /// Sets it, for this run and later ones.
    ///
    /// # Errors
    /// `denied` unless the input asks for `write`; `invalid` where the value holds a secret; `too-large`.
    fn set(&self, input: &str, name: &str, value: &str) -> Result<(), Error>;

    /// Removes it, if it is there.
    ///
    /// # Errors
    /// `denied` unless the input asks for `write`.
    fn unset(&self, input: &str, name: &str) -> Result<(), Error>;

    /// All names, sorted.
    ///
    /// # Errors
    /// `denied` unless the input asks for `read`.
    fn names(&self, input: &str) -> Result<Vec<String>, Error>;
}
