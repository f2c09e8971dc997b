//! The file of secrets, and beside it who can read it.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use capstep_agefile::{Identities, Recipients, SealError, Store, open, seal};

use crate::context::Context;
use crate::error::{CliError, of_system};

/// What the name of the recipients' file ends in, in the place of the file's own ending.
const RECIPIENTS: &str = "recipients";

/// The largest file that is read, in bytes: a thousand keys and certificates fit.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A file of secrets.
#[derive(Debug, Clone)]
pub(crate) struct FileStore {
    path: PathBuf,
    shown: String,
}

impl FileStore {
    pub(crate) fn new(path: &Path, context: &Context) -> Self {
        Self {
            shown: path.display().to_string(),
            path: context.folder.join(path),
        }
    }

    /// Its name as it was written.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether it is there.
    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// What is in it.
    pub(crate) fn read(&self, identities: &Identities) -> Result<Store, CliError> {
        let shown = &self.shown;
        let bytes = self.bytes().map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                CliError::usage(format!("there is no file of secrets `{shown}`"))
                    .hint(format!("`capstep secret set NAME --file {shown}` makes it"))
            }
            _ => CliError::usage(format!("`{shown}` can't be read: {error}")),
        })?;
        open(&bytes, identities).map_err(|error| {
            let told = CliError::usage(format!("`{shown}` can't be opened: {error}"));
            match error {
                SealError::WrongIdentity => told.hint(format!(
                    "this identity's recipient is `{}`: somebody who can read the file adds it to `{}` and sets a secret anew",
                    identities.recipients().join("`, `"),
                    self.recipients_shown()
                )),
                SealError::Tampered => told.hint("take it from the repository again: `git checkout -- FILE`"),
                _ => told,
            }
        })
    }

    fn bytes(&self) -> std::io::Result<Vec<u8>> {
        let size = fs::metadata(&self.path)?.len();
        if size > MAX_BYTES {
            return Err(std::io::Error::other("it is larger than 16 MiB"));
        }
        fs::read(&self.path)
    }

    /// Writes it, whole, for those who stand beside it.
    pub(crate) fn write(&self, store: &Store) -> Result<(), CliError> {
        let recipients = self.recipients()?;
        let shown = &self.shown;
        let failed = |error: std::io::Error| {
            let why = of_system(&error);
            CliError::infrastructure(format!("`{shown}` can't be written: {why}"))
        };
        let sealed = seal(store, &recipients)
            .map_err(|error| CliError::infrastructure(format!("`{shown}`: {error}")))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(&sealed).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        // It lies in a repository: what is in it is nobody's to read, the file itself is everybody's.
        file.as_file()
            .set_permissions(Permissions::from_mode(0o644))
            .map_err(failed)?;
        file.persist(&self.path)
            .map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Whether it is said who can read it, before anybody types a value.
    pub(crate) fn check_recipients(&self) -> Result<(), CliError> {
        self.recipients().map(drop)
    }

    fn recipients(&self) -> Result<Recipients, CliError> {
        let shown = self.recipients_shown();
        let text = fs::read_to_string(self.path.with_extension(RECIPIENTS));
        let text = text.map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                CliError::usage(format!("nobody is named who may read the secrets: there is no `{shown}`"))
                    .hint(format!("write one recipient a line to it, `age1…`; yours is shown by `capstep secret identity`, and made with `--new`: capstep secret identity --new > {shown}"))
            }
            _ => CliError::usage(format!("`{shown}` can't be read: {error}")),
        })?;
        Recipients::parse(&text).map_err(|error| CliError::usage(format!("`{shown}`: {error}")))
    }

    fn recipients_shown(&self) -> String {
        Path::new(&self.shown)
            .with_extension(RECIPIENTS)
            .display()
            .to_string()
    }
}
