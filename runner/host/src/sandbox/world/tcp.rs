//! `capstep:step/tcp`.

use wasmtime::component::Resource;

use super::bindings::capstep::step::tcp::{Host, Options, Probe};
use super::convert;
use super::view::{CallError, OpHandle, View, mismatch};
use crate::protocol::{Answer, Call, TcpOptions};

impl Host for View<'_> {
    async fn connect(
        &mut self,
        address: String,
        options: Options,
    ) -> Result<Resource<OpHandle>, CallError> {
        let options = TcpOptions {
            timeout: convert::duration(options.timeout),
            banner: options.banner,
        };
        self.start(Call::TcpConnect { address, options }).await
    }

    async fn answer(&mut self, op: Resource<OpHandle>) -> Result<Probe, CallError> {
        match self.call(Call::TcpAnswer { op: op.rep() }).await? {
            Answer::Tcp(answer) => Ok(Probe {
                peer: answer.peer,
                latency: answer.latency.0,
                banner: answer.banner.0,
            }),
            _ => Err(mismatch()),
        }
    }
}
