//! `capstep:step/secrets`.

use super::bindings::capstep::step::secrets::Host;
use super::view::{CallError, View, mismatch};
use crate::protocol::{Answer, Call};

impl Host for View<'_> {
    async fn reveal(&mut self, input: String) -> Result<String, CallError> {
        match self.call(Call::SecretsReveal { input }).await? {
            Answer::Text(value) => Ok(value),
            _ => Err(mismatch()),
        }
    }
}
