//! Operations.

use super::Guest;
use crate::bindings::capstep::step::op;
use crate::duration::Duration;
use crate::error::Error;
use crate::files::FileStreams;
use crate::ops::{Event, Ops};

impl Ops for Guest {
    type Op = op::Op;

    fn next(&self, op: &op::Op, timeout: Option<Duration>) -> Result<Option<Event>, Error> {
        Ok(op.next(timeout.map(Duration::as_nanos))?)
    }

    fn cancel(&self, op: &op::Op) {
        op.cancel();
    }

    fn wait_any(&self, ops: &[&op::Op], timeout: Option<Duration>) -> Result<Vec<usize>, Error> {
        let ready = op::wait_any(ops, timeout.map(Duration::as_nanos))?;
        Ok(ready
            .into_iter()
            .filter_map(|index| usize::try_from(index).ok())
            .collect())
    }
}

impl FileStreams for Guest {
    fn open_read(&self, input: &str, entry: &str) -> Result<op::Op, Error> {
        Ok(crate::bindings::capstep::step::files::open_read(
            input, entry,
        )?)
    }

    fn open_write(&self, input: &str, entry: &str) -> Result<op::Op, Error> {
        Ok(crate::bindings::capstep::step::files::open_write(
            input, entry,
        )?)
    }

    fn pipe(&self, source: &op::Op, sink: &op::Op) -> Result<op::Op, Error> {
        Ok(op::pipe(source, sink)?)
    }
}
