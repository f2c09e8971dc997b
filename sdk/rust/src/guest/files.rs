//! Files.

use super::Guest;
use crate::bindings::capstep::step::files;
use crate::error::Error;
use crate::files::{EntriesOptions, Entry, Files, Stat, WriteOptions, Written};

impl Files for Guest {
    fn read(&self, input: &str, entry: &str, offset: u64, length: u32) -> Result<Vec<u8>, Error> {
        Ok(files::read(input, entry, offset, length)?)
    }

    fn write(
        &self,
        input: &str,
        entry: &str,
        content: &[u8],
        options: WriteOptions,
    ) -> Result<(), Error> {
        Ok(files::write(input, entry, content, options)?)
    }

    fn write_entries(
        &self,
        input: &str,
        format: &str,
        values: &[String],
        options: &EntriesOptions,
    ) -> Result<Written, Error> {
        Ok(files::write_entries(input, format, values, options)?)
    }

    fn list(&self, input: &str, entry: &str, recursive: bool) -> Result<Vec<Entry>, Error> {
        Ok(files::list(input, entry, recursive)?)
    }

    fn stat(&self, input: &str, entry: &str) -> Result<Stat, Error> {
        Ok(files::stat(input, entry)?)
    }

    fn remove(&self, input: &str, entry: &str) -> Result<(), Error> {
        Ok(files::remove(input, entry)?)
    }

    fn digest(&self, input: &str, entry: &str) -> Result<String, Error> {
        Ok(files::digest(input, entry)?)
    }
}
