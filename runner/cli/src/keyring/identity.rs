//! Which identity opens a file of secrets.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use capstep_agefile::{Identities, new_identity};
use clap::Args;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::directories;
use crate::error::CliError;

/// The environment variable that names a file.
const VARIABLE: &str = "CAPSTEP_AGE_IDENTITY";

/// Which identity is meant.
#[derive(Debug, Default, Args)]
pub(crate) struct IdentityArgument {
    /// The file with the age identity that opens files of secrets.
    ///
    /// Without it, the file that the environment variable `CAPSTEP_AGE_IDENTITY` names, else
    /// `$XDG_CONFIG_HOME/capstep/identity.txt` (`~/.config`).
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
}

/// A file with identities.
#[derive(Debug, Clone)]
pub(crate) struct IdentityFile {
    path: PathBuf,
    /// How people know which one it is.
    shown: String,
}

impl IdentityFile {
    /// The one that is meant.
    pub(crate) fn find(argument: &IdentityArgument, context: &Context) -> Result<Self, CliError> {
        let at = |path: PathBuf, from: &str| Self {
            shown: format!("{}{from}", path.display()),
            path: context.folder.join(path),
        };
        if let Some(path) = &argument.identity {
            return Ok(at(path.clone(), ""));
        }
        let named = context.environment.get(VARIABLE);
        if let Some(path) = named.filter(|path| !path.is_empty()) {
            return Ok(at(path.into(), " (from `CAPSTEP_AGE_IDENTITY`)"));
        }
        let folder = directories::config(&context.environment)?;
        Ok(at(folder.join("identity.txt"), ""))
    }

    /// Reads it.
    pub(crate) fn read(&self) -> Result<Identities, CliError> {
        let shown = &self.shown;
        let text = std::fs::read_to_string(&self.path).map(Zeroizing::new);
        let text = text.map_err(|error| match error.kind() {
            ErrorKind::NotFound => CliError::usage(format!(
                "there is no age identity: {shown} is not there"
            ))
            .hint(
                "make one with `capstep secret identity --new`, or name the file with `--identity`",
            ),
            _ => CliError::usage(format!("the age identity {shown} can't be read: {error}")),
        })?;
        Identities::parse(&text)
            .map_err(|error| CliError::usage(format!("the age identity {shown}: {error}")))
    }

    /// Makes a new one; gives its recipient. One that is there stays.
    pub(crate) fn create(&self) -> Result<String, CliError> {
        let shown = &self.shown;
        let failed = |error: std::io::Error| {
            match error.kind() {
            ErrorKind::AlreadyExists => {
                CliError::usage(format!("there is an age identity already: {shown}"))
                    .hint("what is encrypted for it could not be read any more; without `--new` its recipient is shown")
            }
            _ => CliError::infrastructure(format!("{shown} can't be written: {error}")),
        }
        };
        if let Some(folder) = self.path.parent() {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o700);
            // A file in the folder's place is there already, too, and is no identity.
            builder.create(folder).map_err(|error| {
                CliError::infrastructure(format!("{shown} can't be written: {error}"))
            })?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path)
            .map_err(failed)?;
        let (text, recipient) = new_identity();
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(recipient)
    }
}
