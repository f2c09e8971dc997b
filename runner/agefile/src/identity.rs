//! Who one is: what opens a file.

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use zeroize::Zeroizing;

use crate::error::IdentityError;

/// One or more identities, as `age-keygen` writes them.
pub struct Identities {
    pub(crate) list: Vec<Identity>,
}

impl Identities {
    /// Reads a file with an identity a line; empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// The first line that is none; its text is not in the message.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let mut list = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let identity = line.parse().map_err(|_| IdentityError::Line(index + 1))?;
            list.push(identity);
        }
        if list.is_empty() {
            return Err(IdentityError::None);
        }
        Ok(Self { list })
    }

    /// The recipient of each: what others write files for.
    pub fn recipients(&self) -> Vec<String> {
        let public = self.list.iter().map(Identity::to_public);
        public.map(|recipient| recipient.to_string()).collect()
    }
}

/// A new identity's file, and its recipient.
pub fn new_identity() -> (Zeroizing<String>, String) {
    let identity = Identity::generate();
    let recipient = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = Zeroizing::new(format!(
        "# recipient: {recipient}\n{}\n",
        secret.expose_secret()
    ));
    (text, recipient)
}
