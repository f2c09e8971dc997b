//! `capstep:step/state`.

use super::bindings::capstep::step::state::Host;
use super::view::{CallError, View, mismatch};
use crate::protocol::{Answer, Call};

impl Host for View<'_> {
    async fn get(&mut self, input: String, name: String) -> Result<Option<String>, CallError> {
        match self.call(Call::StateGet { input, name }).await? {
            Answer::Value(value) => Ok(value),
            _ => Err(mismatch()),
        }
    }

    async fn set(&mut self, input: String, name: String, value: String) -> Result<(), CallError> {
        let call = Call::StateSet { input, name, value };
        self.tell(call).await
    }

    async fn remove(&mut self, input: String, name: String) -> Result<(), CallError> {
        self.tell(Call::StateRemove { input, name }).await
    }

    async fn names(&mut self, input: String) -> Result<Vec<String>, CallError> {
        match self.call(Call::StateNames { input }).await? {
            Answer::Names(names) => Ok(names),
            _ => Err(mismatch()),
        }
    }
}
