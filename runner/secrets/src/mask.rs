//! Masking of texts that are there as a whole.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::SecretValue;
use crate::forms;
use crate::patterns::{Declared, Patterns};
use crate::scan::{Cursor, Piece, scan};

/// Replaces secrets by `[MASKED:NAME]`, and well-known access tokens that nobody declared by `[MASKED:token]`.
///
/// Recognised of each value: the text itself (also trimmed, and with other line ends), base64 and base64 of base64 in
/// every alignment, percent, JSON and shell escapes, hex, and each telling line of a value of several lines. Other
/// transformations are not recognised. A clone shares everything.
#[derive(Clone)]
pub struct Masker {
    values: Arc<[Declared]>,
    patterns: Arc<Patterns>,
}

impl Masker {
    /// A masker of these values by name. Without any it is free to make and recognises the well-known tokens alone.
    pub fn new(values: impl IntoIterator<Item = (String, SecretValue)>) -> Self {
        Self::of(declared(values).collect())
    }

    /// A masker of these values and `more`. Only what is new is worked out.
    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = (String, SecretValue)>) -> Self {
        let mut more = more.into_iter().peekable();
        if more.peek().is_none() {
            return self.clone();
        }
        Self::of(self.values.iter().cloned().chain(declared(more)).collect())
    }

    fn of(values: Arc<[Declared]>) -> Self {
        let patterns = if values.is_empty() {
            Patterns::tokens_only()
        } else {
            Arc::new(Patterns::new(&values))
        };
        Self { values, patterns }
    }

    /// `text` with its secrets replaced; borrowed if there are none.
    pub fn mask_str<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.mask_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Every pattern is UTF-8, so what is cut out of UTF-8 leaves UTF-8.
            Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }

    /// `bytes` with their secrets replaced; borrowed if there are none.
    pub fn mask_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut out: Option<Vec<u8>> = None;
        let mut clear = 0;
        scan(
            &self.patterns,
            bytes,
            true,
            &mut Cursor::default(),
            |piece| match piece {
                Piece::Clear(part) => match &mut out {
                    Some(out) => out.extend_from_slice(part),
                    None => clear += part.len(),
                },
                Piece::Label(label) => out
                    .get_or_insert_with(|| {
                        let mut out = Vec::with_capacity(bytes.len());
                        out.extend_from_slice(bytes.get(..clear).unwrap_or_default());
                        out
                    })
                    .extend_from_slice(label.as_bytes()),
            },
        );
        out.map_or(Cow::Borrowed(bytes), Cow::Owned)
    }

    /// Masks every string of `value`, keys as well. A number whose digits are a secret becomes a string; a key that
    /// masking makes equal to another of the same object gets `#2`, `#3`, … after it.
    pub fn mask_json(&self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                let digits = number.to_string();
                if let Cow::Owned(masked) = self.mask_str(&digits) {
                    *value = Value::String(masked);
                }
            }
            Value::String(text) => {
                if let Cow::Owned(masked) = self.mask_str(text) {
                    *text = masked;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_json(item)),
            Value::Object(entries) => {
                entries.values_mut().for_each(|entry| self.mask_json(entry));
                if entries
                    .keys()
                    .any(|key| matches!(self.mask_str(key), Cow::Owned(_)))
                {
                    *entries = self.mask_keys(std::mem::take(entries));
                }
            }
        }
    }

    fn mask_keys(&self, entries: Map<String, Value>) -> Map<String, Value> {
        let mut out = Map::with_capacity(entries.len());
        for (key, entry) in entries {
            let masked = self.mask_str(&key).into_owned();
            let mut unique = masked.clone();
            let mut count = 1usize;
            while out.contains_key(&unique) {
                count += 1;
                unique = format!("{masked}#{count}");
            }
            out.insert(unique, entry);
        }
        out
    }

    /// The names of values that are not masked, in the order given: those with fewer than four bytes, not counting
    /// white space around them, which are in every text by accident.
    pub fn unmaskable(&self) -> Vec<String> {
        self.values
            .iter()
            .filter(|declared| !forms::is_maskable(declared.value.expose()))
            .map(|declared| declared.name.clone())
            .collect()
    }

    pub(crate) fn patterns(&self) -> &Arc<Patterns> {
        &self.patterns
    }
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masker")
            .field(
                "names",
                &self
                    .values
                    .iter()
                    .map(|declared| &declared.name)
                    .collect::<Vec<_>>(),
            )
            .finish()
    }
}

fn declared(
    values: impl IntoIterator<Item = (String, SecretValue)>,
) -> impl Iterator<Item = Declared> {
    values
        .into_iter()
        .map(|(name, value)| Declared::new(name, value))
}
