//! `op`: waiting for operations, ending them, joining two.

use std::sync::Arc;

use super::{misrouted, pipe};
use crate::fault::Fault;
use crate::protocol::{Answer, Call, Nanoseconds};
use crate::step::{Meta, Shared};

pub(crate) async fn call(shared: &Arc<Shared>, meta: Meta, call: Call) -> Result<Answer, Fault> {
    match call {
        Call::OpNext { this, timeout } => {
            let operation = shared.table.get(this)?;
            Ok(Answer::Event(
                operation.next(timeout.map(Nanoseconds::duration)).await,
            ))
        }
        Call::OpCancel { this } => {
            shared.table.get(this)?.cancel();
            Ok(Answer::Nothing)
        }
        Call::OpDrop { this } => {
            shared.table.remove(this);
            Ok(Answer::Nothing)
        }
        Call::OpWaitAny { ops, timeout } => Ok(Answer::Indexes(
            shared
                .table
                .wait_any(&ops, timeout.map(Nanoseconds::duration))
                .await?,
        )),
        Call::OpPipe { source, sink } => pipe::pipe(shared, meta, source, sink),
        _ => misrouted(),
    }
}
