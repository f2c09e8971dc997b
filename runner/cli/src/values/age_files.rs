//! `--secret NAME=age:FILE`

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use capstep_agefile::{Identities, Store};
use capstep_pipeline::did_you_mean;
use capstep_secrets::SecretValue;

use crate::context::Context;
use crate::error::CliError;
use crate::keyring::{FileStore, IdentityArgument, IdentityFile};

/// Files of secrets, each opened once.
pub(super) struct AgeFiles<'a> {
    identity: &'a IdentityArgument,
    context: &'a Context,
    identities: Option<Identities>,
    stores: HashMap<PathBuf, Store>,
}

impl<'a> AgeFiles<'a> {
    pub(super) fn new(identity: &'a IdentityArgument, context: &'a Context) -> Self {
        Self {
            identity,
            context,
            identities: None,
            stores: HashMap::new(),
        }
    }

    /// The value of this name in the file.
    pub(super) fn value(&mut self, name: &str, path: &Path) -> Result<SecretValue, CliError> {
        if !self.stores.contains_key(path) {
            let store = self.open(path)?;
            self.stores.insert(path.to_owned(), store);
        }
        let store = self.stores.get(path);
        let value = store.and_then(|store| store.get(name)).cloned();
        value.ok_or_else(|| {
            let shown = path.display();
            let names = store.into_iter().flat_map(Store::names);
            let near = did_you_mean(name, names);
            CliError::usage(format!(
                "`--secret {name}`: there is no `{name}` in `{shown}`"
            ))
            .hint(match near {
                Some(near) => format!("it has `{near}`"),
                None => format!("`capstep secret set {name} --file {shown}` keeps one there"),
            })
        })
    }

    fn open(&mut self, path: &Path) -> Result<Store, CliError> {
        let identities = match self.identities.take() {
            Some(identities) => identities,
            None => IdentityFile::find(self.identity, self.context)?.read()?,
        };
        let store = FileStore::new(path, self.context).read(&identities);
        self.identities = Some(identities);
        store
    }
}
