//! Text that holds secrets while it grows.

use zeroize::Zeroizing;

/// A growing string whose outgrown buffers are wiped. A plain `String` frees its old buffer as it
/// is when it reallocates, and `Zeroizing` alone wipes only the last one.
pub(crate) struct SecretText(Zeroizing<String>);

impl SecretText {
    /// An empty text with room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(String::with_capacity(capacity)))
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        let needed = self.0.len().saturating_add(text.len());
        if needed > self.0.capacity() {
            let roomier = needed.max(self.0.capacity().saturating_mul(2));
            let mut grown = Zeroizing::new(String::with_capacity(roomier));
            grown.push_str(&self.0);
            self.0 = grown;
        }
        self.0.push_str(text);
    }

    pub(crate) fn push(&mut self, c: char) {
        self.push_str(c.encode_utf8(&mut [0; 4]));
    }

    pub(crate) fn into_inner(self) -> Zeroizing<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_without_losing_text() {
        let mut text = SecretText::with_capacity(0);
        for _ in 0..1000 {
            text.push('é');
            text.push_str("ab");
        }
        assert_eq!(*text.into_inner(), "éab".repeat(1000));
    }
}
