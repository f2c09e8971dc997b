//! `capstep:step/files`.

use wasmtime::component::Resource;

use super::bindings::capstep::step::files::{
    EntriesOptions, Entry, Host, Metadata, WriteOptions, Written,
};
use super::convert;
use super::view::{CallError, OpHandle, View, mismatch};
use crate::protocol::{self, Answer, Call};

impl Host for View<'_> {
    async fn read(
        &mut self,
        input: String,
        entry: String,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, CallError> {
        match self
            .call(Call::FilesRead {
                input,
                entry,
                offset,
                length,
            })
            .await?
        {
            Answer::Bytes(bytes) => Ok(bytes.0),
            _ => Err(mismatch()),
        }
    }

    async fn write(
        &mut self,
        input: String,
        entry: String,
        content: Vec<u8>,
        options: WriteOptions,
    ) -> Result<(), CallError> {
        let options = protocol::WriteOptions {
            append: options.append,
            mode: options.mode,
        };
        self.tell(Call::FilesWrite {
            input,
            entry,
            content: content.into(),
            options,
        })
        .await
    }

    async fn write_entries(
        &mut self,
        input: String,
        format: String,
        values: Vec<String>,
        options: EntriesOptions,
    ) -> Result<Written, CallError> {
        let EntriesOptions {
            comment,
            mode,
            strip_cr,
        } = options;
        let options = protocol::EntriesOptions {
            comment,
            mode,
            strip_cr,
        };
        match self
            .call(Call::FilesWriteEntries {
                input,
                format,
                values,
                options,
            })
            .await?
        {
            Answer::Written(protocol::Written {
                entries,
                size,
                changed,
                sealed,
            }) => Ok(Written {
                entries,
                size,
                changed,
                sealed,
            }),
            _ => Err(mismatch()),
        }
    }

    async fn list(
        &mut self,
        input: String,
        entry: String,
        recursive: bool,
    ) -> Result<Vec<Entry>, CallError> {
        match self
            .call(Call::FilesList {
                input,
                entry,
                recursive,
            })
            .await?
        {
            Answer::Entries(entries) => Ok(entries
                .into_iter()
                .map(|entry| Entry {
                    path: entry.path,
                    stat: convert::stat(entry.stat),
                })
                .collect()),
            _ => Err(mismatch()),
        }
    }

    async fn stat(&mut self, input: String, entry: String) -> Result<Metadata, CallError> {
        match self.call(Call::FilesStat { input, entry }).await? {
            Answer::Stat(stat) => Ok(convert::stat(stat)),
            _ => Err(mismatch()),
        }
    }

    async fn remove(&mut self, input: String, entry: String) -> Result<(), CallError> {
        self.tell(Call::FilesRemove { input, entry }).await
    }

    async fn digest(&mut self, input: String, entry: String) -> Result<String, CallError> {
        match self.call(Call::FilesDigest { input, entry }).await? {
            Answer::Text(digest) => Ok(digest),
            _ => Err(mismatch()),
        }
    }

    async fn open_read(
        &mut self,
        input: String,
        entry: String,
    ) -> Result<Resource<OpHandle>, CallError> {
        self.start(Call::FilesOpenRead { input, entry }).await
    }

    async fn open_write(
        &mut self,
        input: String,
        entry: String,
    ) -> Result<Resource<OpHandle>, CallError> {
        self.start(Call::FilesOpenWrite { input, entry }).await
    }
}
