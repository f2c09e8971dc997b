//! Inputs that may be one value or several.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::pointer::Pointer;

/// A `list` input. A pipeline may write a lone item in its place; each item knows its pointer either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T> {
    items: Vec<T>,
    lone: bool,
}

impl<T> List<T> {
    /// How many items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// The items of the input called `name`, each with its pointer.
    pub fn pointed<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (Pointer, &'a T)> {
        self.items.iter().enumerate().map(move |(index, item)| {
            let input = Pointer::input(name);
            (if self.lone { input } else { input.index(index) }, item)
        })
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            lone: false,
        }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, lone: false }
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Through a value rather than an untagged enum, so that an item's own mistake is what the message says.
        let read = |value| serde_json::from_value(value).map_err(serde::de::Error::custom);
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(Self::default()),
            Value::Array(items) => Ok(Self {
                items: items.into_iter().map(read).collect::<Result<_, _>>()?,
                lone: false,
            }),
            lone => Ok(Self {
                items: vec![read(lone)?],
                lone: true,
            }),
        }
    }
}

impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.items.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_several() {
        let check = |json: &str, expected: &[(&str, &str)]| {
            let list: List<String> = serde_json::from_str(json).unwrap();
            let pointed: Vec<_> = list
                .pointed("url")
                .map(|(at, item)| (at.to_string(), item.clone()))
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(at, item)| ((*at).to_owned(), (*item).to_owned()))
                .collect();
            assert_eq!(pointed, expected, "{json}");
        };
        check("null", &[]);
        check("[]", &[]);
        check(r#""a""#, &[("/url", "a")]);
        check(r#"["a"]"#, &[("/url/0", "a")]);
        check(r#"["a", "b"]"#, &[("/url/0", "a"), ("/url/1", "b")]);
    }

    #[test]
    fn an_items_mistake_is_named() {
        let error = serde_json::from_str::<List<u8>>("[1, \"x\"]")
            .unwrap_err()
            .to_string();
        assert!(error.contains("expected u8"), "{error}");
    }
}
