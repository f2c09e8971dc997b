//! Time, as the host sees it.

use crate::duration::Duration;
use crate::error::{Error, ErrorKind};
use crate::ops::{Event, Ops};

/// How much longer than a step sleeps the operation it waits for would take: see [`Time::sleep`].
const MARGIN: Duration = Duration::from_secs(3600);

/// A host with a clock.
pub trait Time: Ops {
    /// Now, as the time since 1970-01-01T00:00:00Z.
    fn now(&self) -> Duration;

    /// Starts an operation that is done after `time`. A cancelled one is done early, and nothing tells the two apart.
    fn start_sleep(&self, time: Duration) -> Self::Op;

    /// Waits for `time`.
    ///
    /// # Errors
    /// `cancelled` when the step is.
    fn sleep(&self, time: Duration) -> Result<(), Error> {
        // Waiting a while for an operation that takes longer: if it is done then, it was cancelled. Comparing clocks
        // would not do, since the machine's may be set in between.
        let op = self.start_sleep(time.saturating_add(MARGIN));
        match self.next(&op, Some(time))? {
            Some(Event::Done) => Err(Error::new(
                ErrorKind::Cancelled,
                "the step was cancelled while it waited",
            )),
            _ => Ok(()),
        }
    }
}
