//! Values between runs.

use super::Guest;
use crate::bindings::capstep::step::state;
use crate::error::Error;
use crate::state::State;

impl State for Guest {
    fn get(&self, input: &str, name: &str) -> Result<Option<String>, Error> {
        Ok(state::get(input, name)?)
    }

    fn set(&self, input: &str, name: &str, value: &str) -> Result<(), Error> {
        Ok(state::set(input, name, value)?)
    }

    fn unset(&self, input: &str, name: &str) -> Result<(), Error> {
        Ok(state::remove(input, name)?)
    }

    fn names(&self, input: &str) -> Result<Vec<String>, Error> {
        Ok(state::names(input)?)
    }
}
