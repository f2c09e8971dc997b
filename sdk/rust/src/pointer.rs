//! How a plugin names what was handed to it.

use std::fmt;

/// A JSON Pointer (RFC 6901) into the step's inputs.
///
/// ```
/// use capstep_sdk::Pointer;
/// assert_eq!(Pointer::input("vars").key("A/B").to_string(), "/vars/A~1B");
/// assert_eq!(Pointer::input("upload").index(0).key("from").as_str(), "/upload/0/from");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pointer(String);

impl Pointer {
    /// The input of this name.
    pub fn input(name: &str) -> Self {
        Self(String::new()).key(name)
    }

    /// A field of the record, or a key of the map, that this points at.
    #[must_use]
    pub fn key(mut self, name: &str) -> Self {
        self.0.push('/');
        for character in name.chars() {
            match character {
                '~' => self.0.push_str("~0"),
                '/' => self.0.push_str("~1"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// An item, counted from 0, of the list that this points at.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push('/');
        self.0.push_str(&index.to_string());
        self
    }

    /// The pointer's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_pointer_leads_to_its_key(key in ".*", index in 0usize..3) {
            let inputs = serde_json::json!({ "m": { key.clone(): [0, 1, 2] } });
            let pointer = Pointer::input("m").key(&key).index(index);
            prop_assert_eq!(inputs.pointer(pointer.as_str()), Some(&serde_json::json!(index)));
        }
    }
}
