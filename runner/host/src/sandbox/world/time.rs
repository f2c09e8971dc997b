//! `capstep:step/time`.

use wasmtime::component::Resource;

use super::bindings::capstep::step::time::Host;
use super::bindings::capstep::step::types::Duration;
use super::view::{OpHandle, View, mismatch, trap};
use crate::protocol::{Answer, Call, Nanoseconds};

impl Host for View<'_> {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        match self.call(Call::TimeNow {}).await.map_err(trap)? {
            Answer::Instant(nanoseconds) => Ok(nanoseconds),
            _ => Err(trap(mismatch())),
        }
    }

    async fn sleep(&mut self, time: Duration) -> wasmtime::Result<Resource<OpHandle>> {
        self.start(Call::TimeSleep {
            time: Nanoseconds(time),
        })
        .await
        .map_err(trap)
    }
}
