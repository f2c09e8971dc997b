//! Names and values, and their plain form: a first line that says what it is, then `NAME BASE64` a line.
//!
//! Values are written as base64 since it needs no rules for quotes and line ends, and is read without a copy of the value
//! being left behind.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstep_secrets::SecretValue;
use zeroize::Zeroizing;

use crate::error::StoreError;

/// The first line of the plain form.
const HEADING: &str = "capstep secrets 1";

/// Secrets by their names.
#[derive(Debug, Clone, Default)]
pub struct Store {
    values: BTreeMap<String, SecretValue>,
}

/// Whether a text can be a secret's name: letters, digits and `_`, not beginning with a digit, as pipelines have it.
pub fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(fits)
}

impl Store {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&SecretValue> {
        self.values.get(name)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Keeps a value; says whether the name had one.
    pub fn set(&mut self, name: &str, value: SecretValue) -> bool {
        self.values.insert(name.to_owned(), value).is_some()
    }

    /// Forgets a value; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.values.remove(name).is_some()
    }

    /// The plain form.
    pub(crate) fn to_plain(&self) -> Zeroizing<String> {
        let line = |(name, value): (&String, &SecretValue)| {
            // Four characters for three bytes, and a space and a line end.
            name.len() + value.len().div_ceil(3) * 4 + 2
        };
        let size = HEADING.len() + 1 + self.values.iter().map(line).sum::<usize>();
        // As large as it will be, so that it never moves and leaves a copy.
        let mut text = Zeroizing::new(String::with_capacity(size));
        text.push_str(HEADING);
        text.push('\n');
        for (name, value) in &self.values {
            text.push_str(name);
            text.push(' ');
            STANDARD.encode_string(value.expose(), &mut text);
            text.push('\n');
        }
        text
    }

    /// Reads the plain form.
    pub(crate) fn from_plain(text: &[u8]) -> Result<Self, StoreError> {
        let mut values = BTreeMap::new();
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            if number == 1 {
                if line != HEADING.as_bytes() {
                    return Err(StoreError::Heading);
                }
                continue;
            }
            if line.is_empty() {
                continue;
            }
            let space = line.iter().position(|byte| *byte == b' ');
            let (name, value) = space
                .and_then(|at| line.split_at_checked(at))
                .ok_or(StoreError::Line(number))?;
            let name = std::str::from_utf8(name).map_err(|_| StoreError::Line(number))?;
            if !is_name(name) {
                return Err(StoreError::Line(number));
            }
            let value = value.get(1..).unwrap_or_default();
            let mut bytes = Zeroizing::new(Vec::with_capacity(value.len()));
            STANDARD
                .decode_vec(value, &mut bytes)
                .map_err(|_| StoreError::Line(number))?;
            let text = std::str::from_utf8(&bytes).map_err(|_| StoreError::NotText(number))?;
            let value = SecretValue::new(text);
            if values.insert(name.to_owned(), value).is_some() {
                return Err(StoreError::Twice(number));
            }
        }
        Ok(Self { values })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_store() {
        let check = |text: &str, expected: Option<&str>| {
            let found = Store::from_plain(text.as_bytes()).err();
            let found = found.map(|error| error.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        let no_pair = Some("line 2 is no name and value");
        check("capstep secrets 1\n", None);
        check("capstep secrets 1\nA YQ==\n", None);
        check("capstep secrets 2\n", Some("its first line is another"));
        check("", Some("its first line is another"));
        check("capstep secrets 1\nA\n", no_pair);
        check("capstep secrets 1\nA b!\n", no_pair);
        check("capstep secrets 1\n9 YQ==\n", no_pair);
        check(
            "capstep secrets 1\nA /w==\n",
            Some("the value in line 2 is no text"),
        );
        check(
            "capstep secrets 1\nA YQ==\nA YQ==\n",
            Some("line 3 repeats a name"),
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::btree_map("[A-Z_][A-Z0-9_]{0,8}", any::<String>(), 0..6)) {
            let mut store = Store::default();
            for (name, value) in &values {
                store.set(name, SecretValue::new(value.as_str()));
            }
            let plain = store.to_plain();
            let read = Store::from_plain(plain.as_bytes()).unwrap();
            prop_assert_eq!(read.names().collect::<Vec<_>>(), values.keys().map(String::as_str).collect::<Vec<_>>());
            for (name, value) in &values {
                prop_assert_eq!(read.get(name).unwrap().expose(), value.as_str());
            }
        }

        #[test]
        fn no_text_is_too_odd(text in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Store::from_plain(&text);
        }
    }
}
