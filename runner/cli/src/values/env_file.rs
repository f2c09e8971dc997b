//! `--env-file`

use std::collections::HashMap;
use std::path::Path;

use zeroize::Zeroizing;

use crate::bounded::{self, Bounded};
use crate::context::Context;
use crate::error::CliError;

/// The largest file that is read, in bytes: some values may be keys and certificates, but none is a disk image.
const MAX_ENV_FILE_BYTES: u64 = 1024 * 1024;

/// The names and values of a `.env` file; wiped when dropped.
#[derive(Default)]
pub(crate) struct EnvFile {
    values: HashMap<String, Zeroizing<String>>,
}

impl EnvFile {
    /// Reads the file, if one was named.
    pub(crate) fn read(context: &Context, named: Option<&Path>) -> Result<Self, CliError> {
        let Some(named) = named else {
            return Ok(Self::default());
        };
        let shown = named.display();
        let unreadable =
            |error: std::io::Error| CliError::usage(format!("`{shown}` can't be read: {error}"));
        let path = context.folder.join(named);
        let bytes = match bounded::read(&path, MAX_ENV_FILE_BYTES).map_err(unreadable)? {
            Bounded::Whole(bytes) => bytes,
            Bounded::TooLarge => {
                return Err(CliError::usage(format!("`{shown}` is larger than 1 MiB")));
            }
        };
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| CliError::usage(format!("`{shown}` is not UTF-8 text: {error}")))?;
        let entries = capstep_envfile::parse_dotenv(text)
            .map_err(|error| CliError::usage(format!("{shown}:{error}")))?;
        let values = entries
            .into_iter()
            .map(|(name, value)| (name, Zeroizing::new(value)));
        Ok(Self {
            values: values.collect(),
        })
    }

    /// The value of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.as_str())
    }
}
