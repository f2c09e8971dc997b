//! A text that has secrets in it.

use std::collections::BTreeSet;
use std::fmt;

use zeroize::Zeroizing;

/// A text that must not be shown, with the names of the secrets it was made of. Wiped from memory when dropped.
#[derive(Clone)]
pub struct SecretText {
    /// The text itself.
    pub text: Zeroizing<String>,
    /// The names of all secrets in it.
    pub names: BTreeSet<String>,
}

impl SecretText {
    /// The value of the secret `name`.
    pub fn new(name: impl Into<String>, text: Zeroizing<String>) -> Self {
        Self {
            text,
            names: BTreeSet::from([name.into()]),
        }
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretText")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}
