//! Operations: how a step waits.
//!
//! A step is single-threaded, the host is not: whatever can take long is started, goes on by itself, and is waited
//! for. The interfaces offer both: `start_…` functions, for several things at once, and the same without `start_`,
//! which wait.

use crate::duration::Duration;
use crate::error::Error;

pub use crate::bindings::capstep::step::op::Event;
pub use crate::bindings::capstep::step::types::Progress;

/// A host that has operations. Dropping one cancels it.
pub trait Ops {
    /// Something under way.
    type Op;

    /// Waits for the next event, at most `timeout`; `None`: the time was up. After [`Event::Done`] it says that again.
    ///
    /// # Errors
    /// `invalid` for an operation that the host doesn't know. One that failed is done like any other: its error is in
    /// its result.
    fn next(&self, op: &Self::Op, timeout: Option<Duration>) -> Result<Option<Event>, Error>;

    /// Ends the operation early; its result is then the error `cancelled`.
    fn cancel(&self, op: &Self::Op);

    /// Waits until at least one of `ops` has an event, at most `timeout`. The indexes of those that have, in the order
    /// in which they became ready; empty: the time was up.
    ///
    /// # Errors
    /// `cancelled` when the step is.
    fn wait_any(&self, ops: &[&Self::Op], timeout: Option<Duration>) -> Result<Vec<usize>, Error>;

    /// Waits until the operation has ended, and shows each event before that to `each`.
    ///
    /// # Errors
    /// As [`Ops::next`].
    fn finish(&self, op: &Self::Op, mut each: impl FnMut(Event)) -> Result<(), Error> {
        loop {
            match self.next(op, None)? {
                Some(Event::Done) => return Ok(()),
                Some(event) => each(event),
                None => {}
            }
        }
    }

    /// Waits until the operation has ended.
    ///
    /// # Errors
    /// As [`Ops::next`].
    fn wait(&self, op: &Self::Op) -> Result<(), Error> {
        self.finish(op, |_| {})
    }

    /// Waits until every operation has ended, and hands each to `done` as it does, by index.
    ///
    /// # Errors
    /// `cancelled` when the step is, and what `done` returns. An operation that ends in an error of its own is handed
    /// to `done` like the others, which finds the error where it takes the result.
    fn wait_all<E: From<Error>>(
        &self,
        ops: &[Self::Op],
        mut done: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut waiting: Vec<usize> = (0..ops.len()).collect();
        while !waiting.is_empty() {
            let pending: Vec<&Self::Op> =
                waiting.iter().filter_map(|index| ops.get(*index)).collect();
            let mut ended = Vec::new();
            for position in self.wait_any(&pending, None)? {
                let (Some(index), Some(op)) = (waiting.get(position), pending.get(position)) else {
                    continue;
                };
                // An error here is the operation's own: it has ended, and its result says the same.
                if matches!(
                    self.next(op, Some(Duration::default())),
                    Ok(Some(Event::Done)) | Err(_)
                ) {
                    ended.push(*index);
                }
            }
            waiting.retain(|index| !ended.contains(index));
            for index in ended {
                done(index)?;
            }
        }
        Ok(())
    }
}
