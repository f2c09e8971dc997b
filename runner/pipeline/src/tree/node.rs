//! The tree's types.

use std::sync::Arc;

use crate::expr::{Reference, Template};
use crate::source::{Span, Spanned};

/// A value and where it was written.
///
/// The span of a text covers its quotes, that of a block text its lines without the `|`, that of a list or map all of
/// its parts. What an alias (`*name`) repeats has the spans of the place it was first written at.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What stands there.
    pub value: Value,
    /// Where it stands.
    pub span: Span,
    /// Of a text with expressions in it: what it says, where the place is one for expressions. Made when the pipeline is
    /// read, with what names stand for there; without one a text is just text.
    pub template: Option<Arc<Template>>,
}

/// A YAML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`; `yes`, `no`, `on` and `off` are text.
    Bool(bool),
    /// A number that isn't quoted.
    Number(Number),
    /// Text, quoted or not.
    String(String),
    /// A list, in the order written.
    List(Vec<Node>),
    /// A map, in the order written, each key once.
    Map(Vec<(Spanned<String>, Node)>),
}

/// A number, with the text it was written as: `1.10`, a version perhaps, is not `1.1`, nor `010` ten.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// The source's text.
    pub raw: String,
    /// The value YAML reads it as.
    pub value: serde_json::Number,
}

impl Node {
    /// A value at a place.
    pub fn new(value: Value, span: Span) -> Self {
        Self {
            value,
            span,
            template: None,
        }
    }

    /// Moves all places, from the beginning of a file to where the file stands among others.
    pub(super) fn shift(&mut self, by: usize) {
        self.span = self.span.shifted(by);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Value::Map(entries) => {
                for (key, node) in entries {
                    key.span = key.span.shifted(by);
                    node.shift(by);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// What kind of value it is, in the words of messages.
    pub fn kind_name(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true/false",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::List(_) => "list",
            Value::Map(_) => "map",
        }
    }

    /// The value of `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The key and value of `key`, if this is a map that has it.
    pub fn entry(&self, key: &str) -> Option<(&Spanned<String>, &Node)> {
        let (name, node) = self.as_map()?.iter().find(|(name, _)| name.value == key)?;
        Some((name, node))
    }

    /// The text, if it is one (a number is not).
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<&Number> {
        match &self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a map.
    pub fn as_map(&self) -> Option<&[(Spanned<String>, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Whether it is `null` or nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// A scalar as the text it was written as: `1.10` stays `1.10`. None for lists, maps and nothing.
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(number) => Some(number.raw.clone()),
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The value as JSON, maps in the order written; spans and the raw text of numbers are lost.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => number.value.clone().into(),
            Value::String(text) => text.clone().into(),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|(key, node)| (key.value.clone(), node.to_json()))
                    .collect(),
            ),
        }
    }

    /// The same, but a number that JSON would write otherwise (`1.10`) is text, as it was written.
    pub fn to_json_as_written(&self) -> serde_json::Value {
        match &self.value {
            Value::Number(number) if number.value.to_string() != number.raw => {
                number.raw.clone().into()
            }
            Value::List(items) => items.iter().map(Self::to_json_as_written).collect(),
            Value::Map(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|(key, node)| (key.value.clone(), node.to_json_as_written()))
                    .collect(),
            ),
            _ => self.to_json(),
        }
    }

    /// Calls `visit` with every text in the tree, itself included, in the order written.
    pub fn for_each_text<'a>(&'a self, visit: &mut impl FnMut(&'a str, Span)) {
        self.for_each(&mut |node| {
            if let Value::String(text) = &node.value {
                visit(text, node.span);
            }
        });
    }

    /// Calls `visit` with everything in the tree, itself included, in the order written.
    pub fn for_each<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match &self.value {
            Value::List(items) => items.iter().for_each(|item| item.for_each(visit)),
            Value::Map(entries) => {
                for (_, node) in entries {
                    node.for_each(visit);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Every path in its expressions, in the order written.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        self.for_each(&mut |node| {
            found.extend(
                node.template
                    .iter()
                    .flat_map(|template| template.references()),
            );
        });
        found
    }
}
