//! Records, lists and maps: down to their parts.

use capstep_pipeline::{Diagnostic, Node, Span, Spanned, Value as Tree, did_you_mean};
use serde_json::{Map, Value};

use super::Walk;
use super::whole::is_single_expression;
use crate::manifest::{Input, Kind, Role};
use crate::pointer;

impl<'m> Walk<'_, 'm> {
    pub(super) fn record(
        &mut self,
        fields: &'m [Input],
        entries: &[(Spanned<String>, Node)],
        at: &str,
        around: Span,
        owner: &str,
    ) -> Value {
        let mut values = Map::new();
        // Inputs that are written wrong: that they are missing is no mistake of its own.
        let mut meant = Vec::new();
        for (key, _) in entries {
            if !fields.iter().any(|field| field.name == key.value) {
                let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                let near = did_you_mean(&key.value, names.iter().copied());
                meant.extend(near);
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if names.is_empty() => format!("`{owner}` takes no inputs"),
                    None => format!("known here: {}", names.join(", ")),
                };
                self.say(
                    Diagnostic::error(
                        "unknown-input",
                        key.span,
                        format!("`{owner}` has no input `{}`", key.value),
                    )
                    .label("not an input")
                    .help(help),
                );
            }
        }
        for field in fields {
            let pointer = pointer::join(at, &field.name);
            let node = entries
                .iter()
                .find(|(key, _)| key.value == field.name)
                .map(|(_, node)| node);
            let value = match (node, &field.default) {
                (Some(node), default) if node.is_null() && !field.required => {
                    default.clone().unwrap_or(Value::Null)
                }
                (Some(node), _) => {
                    let own_text = field.role_of_all().is_some_and(Role::is_own_text);
                    let outer = self.own_text;
                    self.own_text = own_text.then_some(field.name.as_str());
                    let value = self.value(field, node, &pointer, owner);
                    self.own_text = outer;
                    value
                }
                (None, Some(default)) => default.clone(),
                (None, None) if field.required && !meant.contains(&field.name.as_str()) => {
                    let mut message = format!("`{owner}` needs the input `{}`", field.name);
                    if !at.is_empty() {
                        message = format!("`{}` is missing", field.name);
                    }
                    self.say(
                        Diagnostic::error("missing-input", around, message)
                            .label(format!("without `{}`", field.name))
                            .help(if field.doc.is_empty() {
                                format!("it is a {}", field.kind.word())
                            } else {
                                format!("{}: {}", field.name, field.doc)
                            }),
                    );
                    Value::Null
                }
                (None, None) => Value::Null,
            };
            values.insert(field.name.clone(), value);
        }
        Value::Object(values)
    }

    pub(super) fn value(&mut self, input: &'m Input, node: &Node, at: &str, owner: &str) -> Value {
        match &input.kind {
            Kind::List(item) => self.list(input, item, node, at, owner),
            Kind::Map(value) => match &node.value {
                Tree::Map(entries) => {
                    let values = entries
                        .iter()
                        .map(|(key, node)| {
                            (
                                key.value.clone(),
                                self.value(value, node, &pointer::join(at, &key.value), owner),
                            )
                        })
                        .collect();
                    Value::Object(values)
                }
                _ => self.whole(input, node, at, owner, "a map"),
            },
            Kind::Record(fields) => match &node.value {
                Tree::Map(entries) => {
                    self.records.push(at.to_owned());
                    let name = if input.name.is_empty() {
                        pointer::last(at)
                    } else {
                        input.name.clone()
                    };
                    let owner = if name.chars().all(|c| c.is_ascii_digit()) {
                        owner.to_owned()
                    } else {
                        name
                    };
                    let value = self.record(fields, entries, at, node.span, &owner);
                    self.any_of(&input.any_of, fields, entries, node.span, None);
                    self.records.pop();
                    value
                }
                _ => self.whole(input, node, at, owner, "a map"),
            },
            Kind::Json => self.json(input, node, at),
            _ => self.leaf(input, node, at),
        }
    }

    fn list(
        &mut self,
        input: &'m Input,
        item: &'m Input,
        node: &Node,
        at: &str,
        owner: &str,
    ) -> Value {
        match &node.value {
            Tree::List(nodes) => {
                let values = nodes
                    .iter()
                    .enumerate()
                    .map(|(index, node)| {
                        self.value(item, node, &pointer::join(at, &index.to_string()), owner)
                    })
                    .collect();
                Value::Array(values)
            }
            Tree::String(_)
                if is_single_expression(node)
                    && !input.is_sensitive()
                    && self.evaluated.is_none() =>
            {
                self.whole(input, node, at, owner, "a list")
            }
            // A scalar, or one record, is a list of one.
            _ => Value::Array(vec![self.value(item, node, &pointer::join(at, "0"), owner)]),
        }
    }
}
