//! The real host: the component's imports behind the traits. Only what a step calls ends up imported.

mod docker;
mod files;
mod http;
mod log;
mod ops;
mod ssh;
mod state;
mod tcp;

use crate::bindings::capstep::step::{op, secrets, time};
use crate::duration::Duration;
use crate::error::Error;

/// The host around this component.
#[derive(Debug, Clone, Copy)]
pub struct Guest;

impl crate::time::Time for Guest {
    fn now(&self) -> Duration {
        Duration::from_nanos(time::now())
    }

    fn start_sleep(&self, time: Duration) -> op::Op {
        time::sleep(time.as_nanos())
    }
}

impl crate::secrets::Secrets for Guest {
    fn reveal(&self, input: &str) -> Result<String, Error> {
        Ok(secrets::reveal(input)?)
    }
}
