//! Can a connection be opened?

use crate::error::Error;
use crate::ops::Ops;

pub use crate::bindings::capstep::step::tcp::{Options, Probe as Answer};

/// A host that tries TCP connections.
pub trait Tcp: Ops {
    /// Starts to open a connection to the `tcp-address` input at this pointer. Nothing is ever sent on it.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_tcp_connect(&self, address: &str, options: Options) -> Result<Self::Op, Error>;

    /// What came of it.
    ///
    /// # Errors
    /// `unreachable`, `timeout`, `denied`.
    fn answer(&self, op: &Self::Op) -> Result<Answer, Error>;

    /// Opens a connection and closes it again.
    ///
    /// # Errors
    /// As [`Tcp::start_tcp_connect`] and [`Tcp::answer`].
    fn tcp_connect(&self, address: &str, options: Options) -> Result<Answer, Error> {
        let op = self.start_tcp_connect(address, options)?;
        self.wait(&op)?;
        self.answer(&op)
    }
}
