//! Time, as the host sees it.

use crate::duration::Duration;
use crate::error::Error;
use crate::ops::Ops;

/// A host with a clock.
pub trait Time: Ops {
    /// Now, as the time since 1970-01-01T00:00:00Z.
    fn now(&self) -> Duration;

    /// Starts an operation that is done after `time`.
    fn start_sleep(&self, time: Duration) -> Self::Op;

    /// Waits for `time`.
    ///
    /// # Errors
    /// `cancelled` when the step is.
    fn sleep(&self, time: Duration) -> Result<(), Error> {
        let op = self.start_sleep(time);
        self.wait(&op)
    }
}
