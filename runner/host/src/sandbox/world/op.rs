//! `capstep:step/op`.

use wasmtime::component::Resource;

use super::bindings::capstep::step::op::{Event, Host, HostOp};
use super::bindings::capstep::step::types::Duration;
use super::convert;
use super::view::{CallError, OpHandle, View, mismatch};
use crate::protocol::{Answer, Call};

impl HostOp for View<'_> {
    async fn next(
        &mut self,
        this: Resource<OpHandle>,
        timeout: Option<Duration>,
    ) -> Result<Option<Event>, CallError> {
        match self
            .call(Call::OpNext {
                this: this.rep(),
                timeout: convert::duration(timeout),
            })
            .await?
        {
            Answer::Event(event) => Ok(event.map(convert::event)),
            _ => Err(mismatch()),
        }
    }

    async fn cancel(&mut self, this: Resource<OpHandle>) -> wasmtime::Result<()> {
        // Cancelling what has ended, or fails to be cancelled, tells the guest nothing: the result does.
        let _ = self.call(Call::OpCancel { this: this.rep() }).await;
        Ok(())
    }

    async fn drop(&mut self, this: Resource<OpHandle>) -> wasmtime::Result<()> {
        let _ = self.call(Call::OpDrop { this: this.rep() }).await;
        Ok(())
    }
}

impl Host for View<'_> {
    async fn wait_any(
        &mut self,
        ops: Vec<Resource<OpHandle>>,
        timeout: Option<Duration>,
    ) -> Result<Vec<u32>, CallError> {
        let ops = ops.iter().map(Resource::rep).collect();
        match self
            .call(Call::OpWaitAny {
                ops,
                timeout: convert::duration(timeout),
            })
            .await?
        {
            Answer::Indexes(indexes) => Ok(indexes),
            _ => Err(mismatch()),
        }
    }

    async fn pipe(
        &mut self,
        source: Resource<OpHandle>,
        sink: Resource<OpHandle>,
    ) -> Result<Resource<OpHandle>, CallError> {
        self.start(Call::OpPipe {
            source: source.rep(),
            sink: sink.rep(),
        })
        .await
    }
}
