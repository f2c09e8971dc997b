//! `capstep:step/http`.

use wasmtime::component::Resource;

use super::bindings::capstep::step::http::{Host, Reply, Request};
use super::convert;
use super::view::{CallError, OpHandle, View, mismatch};
use crate::protocol::{Answer, Call};

impl Host for View<'_> {
    async fn send(&mut self, request: Request) -> Result<Resource<OpHandle>, CallError> {
        self.start(Call::HttpSend {
            request: convert::request(request),
        })
        .await
    }

    async fn response(&mut self, op: Resource<OpHandle>) -> Result<Reply, CallError> {
        match self.call(Call::HttpResponse { op: op.rep() }).await? {
            Answer::Response(response) => Ok(convert::response(response)),
            _ => Err(mismatch()),
        }
    }
}
