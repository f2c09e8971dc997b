//! YAML to tree.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;

use super::limits;
use super::node::{Node, Number, Value};
use super::syntax::{self, location_span};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::{File, MAX_SOURCE_BYTES, Span, Spanned};

/// Reads a file's YAML.
///
/// # Errors
///
/// One diagnostic: for text that is too long, that is not YAML, that goes beyond the limits, or that has a key twice.
pub fn parse_tree(file: File<'_>) -> Result<Node, Diagnostic> {
    match parse(file.text) {
        Ok(mut root) => {
            if file.start > 0 {
                root.shift(file.start);
            }
            Ok(root)
        }
        Err(diagnostic) => Err(diagnostic.shifted(file.start)),
    }
}

/// Reads a text's YAML; places count from its beginning.
fn parse(text: &str) -> Result<Node, Diagnostic> {
    if text.len() > MAX_SOURCE_BYTES {
        let message = format!(
            "the file has {} bytes; a pipeline may have at most {MAX_SOURCE_BYTES} bytes (1 MiB)",
            text.len()
        );
        return Err(Diagnostic::error(
            codes::LIMIT_EXCEEDED,
            Span::default(),
            message,
        ));
    }
    let raw = read(text, DuplicateKeyPolicy::Error).map_err(|error| {
        // Only after the error: a second reading that keeps every entry shows where the key stood first.
        let first = syntax::duplicate_key(&error, text).and_then(|(key, second)| {
            let all = read(text, DuplicateKeyPolicy::LastWins).ok()?;
            Builder { text }.first_of(&all, &key, second)
        });
        syntax::diagnostic(&error, first, text)
    })?;
    Builder { text }.node(raw)
}

fn read(
    text: &str,
    duplicates: DuplicateKeyPolicy,
) -> Result<Located<Raw>, Box<serde_saphyr::Error>> {
    serde_saphyr::from_str_with_options(text, limits::options(duplicates)).map_err(Box::new)
}

type Located<T> = serde_saphyr::Spanned<T>;

/// The tree as serde hands it over, before spans are those of the source and numbers have their text.
enum Raw {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    List(Vec<Located<Raw>>),
    Map(Vec<(Located<String>, Located<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(match serde_json::Number::from_f64(value) {
            Some(number) => Raw::Number(number),
            None => Raw::String(value.to_string()),
        })
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

struct Builder<'a> {
    text: &'a str,
}

impl Builder<'_> {
    fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    fn node(&self, raw: Located<Raw>) -> Result<Node, Diagnostic> {
        let mut span = location_span(&raw.defined, self.text);
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Bool(value) => Value::Bool(value),
            Raw::Number(value) => Value::Number(self.number(value, span)),
            Raw::String(text) => {
                if let Some(mistake) = syntax::lost_mark(self.text, span) {
                    return Err(mistake);
                }
                Value::String(self.plain(text, span))
            }
            Raw::List(items) => {
                let items = items
                    .into_iter()
                    .map(|item| self.node(item))
                    .collect::<Result<Vec<_>, _>>()?;
                span = self.around(span, items.iter().map(|item| item.span));
                Value::List(items)
            }
            Raw::Map(entries) => {
                let entries = self.entries(entries)?;
                let parts = entries.iter().flat_map(|(key, node)| [key.span, node.span]);
                span = self.around(span, parts);
                Value::Map(entries)
            }
        };
        Ok(Node::new(value, span))
    }

    fn entries(
        &self,
        raw: Vec<(Located<String>, Located<Raw>)>,
    ) -> Result<Vec<(Spanned<String>, Node)>, Diagnostic> {
        let mut seen: HashMap<String, Span> = HashMap::with_capacity(raw.len());
        let mut entries = Vec::with_capacity(raw.len());
        for (key, value) in raw {
            let span = location_span(&key.defined, self.text);
            // To YAML `1` and `"1"` are two keys; here all keys are text, and these the same.
            if let Some(first) = seen.insert(key.value.clone(), span) {
                return Err(syntax::duplicate(&key.value, span, Some(first)));
            }
            entries.push((Spanned::new(key.value, span), self.node(value)?));
        }
        Ok(entries)
    }

    /// The text of a number, unless it was quoted (`!!int "5"`), where the value's own text does.
    fn number(&self, value: serde_json::Number, span: Span) -> Number {
        let written = self.slice(span).trim();
        let plain = written.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        let raw = if plain {
            written.to_owned()
        } else {
            value.to_string()
        };
        Number { raw, value }
    }

    /// The reader writes every number beyond a float's range as `.inf`; the text that was there is what was meant.
    fn plain(&self, text: String, span: Span) -> String {
        let written = self.slice(span);
        let overflowed = matches!(text.as_str(), ".inf" | "-.inf" | ".nan");
        if overflowed && written.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
            written.trim().to_owned()
        } else {
            text
        }
    }

    /// The span of a list or map: the reader gives its first character only.
    fn around(&self, start: Span, parts: impl Iterator<Item = Span>) -> Span {
        let end = parts
            // What an alias repeats stands before.
            .filter(|part| part.start >= start.start)
            .fold(start.end, |end, part| end.max(part.end));
        let mut end = end;
        let close = match self.slice(start) {
            "[" => Some(']'),
            "{" => Some('}'),
            _ => None,
        };
        if let Some(close) = close {
            let rest = self.text.get(end..).unwrap_or("");
            let gap = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if gap.starts_with(close) {
                end += rest.len() - gap.len() + close.len_utf8();
            }
        }
        Span::new(start.start, end)
    }

    /// Where `key` stands first in the map in which it stands again at `second`.
    fn first_of(&self, raw: &Located<Raw>, key: &str, second: usize) -> Option<Span> {
        match &raw.value {
            Raw::List(items) => items
                .iter()
                .find_map(|item| self.first_of(item, key, second)),
            Raw::Map(entries) => {
                let span = |(name, _): &(Located<String>, _)| {
                    (name.value == key).then(|| location_span(&name.defined, self.text))
                };
                let places: Vec<Span> = entries.iter().filter_map(span).collect();
                if places.iter().any(|place| place.start == second) {
                    return places
                        .first()
                        .copied()
                        .filter(|place| place.start != second);
                }
                entries
                    .iter()
                    .find_map(|(_, value)| self.first_of(value, key, second))
            }
            Raw::Null | Raw::Bool(_) | Raw::Number(_) | Raw::String(_) => None,
        }
    }
}
