//! Lists, maps and records that one expression gives as a whole, and free JSON.

use capstep_pipeline::{Diagnostic, Node, Span, Spanned, Value as Tree};
use serde_json::Value;

use super::Walk;
use super::expression::Text;
use super::single::shown_name;
use crate::bind::scalar;
use crate::manifest::{Input, Kind};
use crate::pointer;

impl<'m> Walk<'_, 'm> {
    /// A list, map or record given by one expression.
    pub(super) fn whole(
        &mut self,
        input: &'m Input,
        node: &Node,
        at: &str,
        owner: &str,
        expected: &str,
    ) -> Value {
        if let Tree::String(text) = &node.value
            && is_single_expression(node)
            && self.evaluated.is_none()
        {
            if input.is_sensitive() {
                self.say(
                    Diagnostic::error(
                        "unbounded-run-time-value",
                        node.span,
                        format!("`{}` carries authority or secrets and can't come from an expression as a whole", shown_name(input, at)),
                    )
                    .label("written out, each value could be bounded")
                    .help("write its parts out, with expressions in them where needed"),
                );
                return Value::Null;
            }
            match self.text(node, text) {
                Text::Known(value, provenance) => {
                    let as_node = node_of(&value, node.span);
                    // Text is a list of one; it is no map.
                    if !value.is_string() || matches!(input.kind, Kind::List(_)) {
                        let outer = self.evaluated.replace(provenance);
                        let value = self.value(input, &as_node, at, owner);
                        self.evaluated = outer;
                        return value;
                    }
                }
                Text::NotYet(_) | Text::Bad => return Value::Null,
                Text::Secret(_) => {
                    self.secret_without_sink(input, node.span, at);
                    return Value::Null;
                }
            }
        }
        self.say(
            Diagnostic::error(
                "wrong-type",
                node.span,
                format!(
                    "`{}`: expected {expected}, found {}",
                    pointer::last(at),
                    scalar::describe(&node.to_json())
                ),
            )
            .label(format!("not {expected}")),
        );
        Value::Null
    }

    /// Free JSON: expressions in its texts are put in, secrets have no place in it.
    pub(super) fn json(&mut self, input: &'m Input, node: &Node, at: &str) -> Value {
        match &node.value {
            Tree::String(text) => match self.text(node, text) {
                Text::Known(value, _) => value,
                Text::NotYet(_) | Text::Bad => Value::Null,
                Text::Secret(_) => {
                    self.secret_without_sink(input, node.span, at);
                    Value::Null
                }
            },
            Tree::List(nodes) => Value::Array(
                nodes
                    .iter()
                    .map(|node| self.json(input, node, at))
                    .collect(),
            ),
            Tree::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, node)| (key.value.clone(), self.json(input, node, at)))
                    .collect(),
            ),
            _ => node.to_json(),
        }
    }
}

/// Whether a text is one expression and nothing else, so that its value keeps its type.
pub(super) fn is_single_expression(node: &Node) -> bool {
    let template = node.template.as_ref();
    template.is_some_and(|template| template.single_expr().is_some())
}

/// A JSON value as a tree, all of it at one place.
fn node_of(value: &Value, span: Span) -> Node {
    let value = match value {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Number(number) => Tree::Number(capstep_pipeline::Number {
            raw: number.to_string(),
            value: number.clone(),
        }),
        Value::String(text) => Tree::String(text.clone()),
        Value::Array(items) => Tree::List(items.iter().map(|item| node_of(item, span)).collect()),
        Value::Object(fields) => Tree::Map(
            fields
                .iter()
                .map(|(key, value)| (Spanned::new(key.clone(), span), node_of(value, span)))
                .collect(),
        ),
    };
    Node::new(value, span)
}
