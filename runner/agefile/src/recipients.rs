//! Who can read a file.

use age::x25519::Recipient;

use crate::error::RecipientError;

/// What an identity's line begins with.
const IDENTITY: &str = "AGE-SECRET-KEY-";

/// Those who can read a file; at least one.
#[derive(Debug, Clone)]
pub struct Recipients {
    pub(crate) list: Vec<Recipient>,
}

impl Recipients {
    /// Reads a text with a recipient a line; empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// The first line that is none, or that there is none.
    pub fn parse(text: &str) -> Result<Self, RecipientError> {
        let mut list = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let words = line.trim();
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            if words.to_ascii_uppercase().starts_with(IDENTITY) {
                return Err(RecipientError::Identity { line: index + 1 });
            }
            let recipient = words.parse().map_err(|_| RecipientError::Line {
                line: index + 1,
                text: words.chars().take(80).collect(),
            })?;
            list.push(recipient);
        }
        if list.is_empty() {
            return Err(RecipientError::None);
        }
        Ok(Self { list })
    }
}
