//! TCP probes.

use super::Guest;
use crate::bindings::capstep::step::{op, tcp};
use crate::error::Error;
use crate::tcp::{Answer, Options, Tcp};

impl Tcp for Guest {
    fn start_tcp_connect(&self, address: &str, options: Options) -> Result<op::Op, Error> {
        Ok(tcp::connect(address, options)?)
    }

    fn answer(&self, op: &op::Op) -> Result<Answer, Error> {
        Ok(tcp::answer(op)?)
    }
}
