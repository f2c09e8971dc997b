//! A secret's text, held so that it is neither printed nor left in memory.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroize;

/// The text of one secret.
///
/// A clone shares the text; it is overwritten when the last clone is dropped. There is no `Display`, no `Serialize`
/// and no comparison, and `Debug` shows that there is a secret and nothing of it, not even its length.
#[derive(Clone)]
pub struct SecretValue(Arc<SecretString>);

impl SecretValue {
    /// Takes over `text`.
    pub fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        // Boxing a string with spare capacity moves it and leaves the old bytes behind, so the move is made here.
        if text.capacity() != text.len() {
            let mut exact = String::with_capacity(text.len());
            exact.push_str(&text);
            text.zeroize();
            text = exact;
        }
        Self(Arc::new(SecretString::from(text)))
    }

    /// The text itself. Each use of this is a place where the secret leaves its holder.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.expose().len()
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        let shown = format!("{:?}", SecretValue::new("hunter2"));
        assert!(!shown.contains("hunter2") && !shown.contains('7'));
    }

    #[test]
    fn spare_capacity_does_not_change_the_text() {
        let mut text = String::with_capacity(64);
        text.push_str("pässword");
        let value = SecretValue::new(text);
        assert_eq!(value.clone().expose(), "pässword");
        assert_eq!((value.len(), value.is_empty()), (9, false));
        assert!(SecretValue::new("").is_empty());
    }
}
