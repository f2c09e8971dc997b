//! A single value, and `{ value, within, reveal }` around one.

use capstep_pipeline::{Diagnostic, Node, Span, Spanned, Value as Tree};
use serde_json::Value;

use super::Walk;
use super::expression::Text;
use crate::bind::leaf::{Leaf, LeafValue, Provenance};
use crate::bind::scalar;
use crate::manifest::{Input, Kind};
use crate::pointer;

impl<'m> Walk<'_, 'm> {
    pub(super) fn leaf(&mut self, input: &'m Input, node: &Node, at: &str) -> Value {
        let (node, bound, reveal) = self.unwrap(input, node);
        let mut provenance = Provenance::Written;
        let value = match &node.value {
            Tree::String(text) if matches!(input.kind, Kind::Script { .. }) => {
                if let Some(start) = text.find("${{") {
                    let expression = text.get(start..).unwrap_or_default();
                    let end = expression
                        .find("}}")
                        .map_or(expression.len(), |end| end + 2);
                    let expression = expression.get(..end).unwrap_or_default();
                    self.say(
                        Diagnostic::error("expression-in-script", node.span, "an expression is never pasted into a script")
                            .label(format!("`{expression}` would become code"))
                            .help(format!(
                                "hand it over as an environment variable: `env: {{ NAME: \"{expression}\" }}`, and write `\"$NAME\"` in the script"
                            )),
                    );
                    return Value::Null;
                }
                LeafValue::Known(Value::String(text.clone()))
            }
            Tree::String(text) => match self.text(node, text) {
                Text::Known(value, from) => {
                    provenance = from;
                    LeafValue::Known(value)
                }
                Text::Secret(secret) => LeafValue::Secret(secret),
                Text::NotYet(from) => {
                    provenance = from;
                    LeafValue::NotYet
                }
                Text::Bad => return Value::Null,
            },
            _ => LeafValue::Known(node.to_json()),
        };
        let (value, shown) = match value {
            LeafValue::Known(value) => {
                let raw = node.as_number().map(|number| number.raw.as_str());
                match scalar::check(&input.kind, &value, raw) {
                    Ok(value) => (LeafValue::Known(value.clone()), value),
                    Err(message) => {
                        self.wrong(input, node.span, at, &message);
                        return Value::Null;
                    }
                }
            }
            LeafValue::Secret(secret) => {
                let is_text = matches!(input.kind, Kind::Secret | Kind::String { .. });
                if !is_text || (input.sink.is_none() && !reveal) {
                    self.secret_without_sink(input, node.span, at);
                    return Value::Null;
                }
                (LeafValue::Secret(secret), Value::Null)
            }
            LeafValue::NotYet => (LeafValue::NotYet, Value::Null),
        };
        self.leaves.push(Leaf {
            pointer: at.to_owned(),
            input,
            span: node.span,
            value,
            provenance,
            bound,
            reveal,
            records: self.records.clone(),
        });
        shown
    }

    /// Takes `{ value: …, within: …, reveal: … }` apart.
    fn unwrap<'n>(
        &mut self,
        input: &Input,
        node: &'n Node,
    ) -> (&'n Node, Option<Spanned<String>>, bool) {
        let Tree::Map(entries) = &node.value else {
            return (node, None, false);
        };
        if self.evaluated.is_some() {
            return (node, None, false);
        }
        let Some(value) = node.get("value") else {
            return (node, None, false);
        };
        let (mut bound, mut reveal) = (None, false);
        for (key, node) in entries {
            match (key.value.as_str(), &node.value) {
                ("value", _) => {}
                ("within", Tree::String(text)) if input.kind.carries_authority() => {
                    bound = Some(Spanned::new(text.clone(), node.span));
                }
                ("within", Tree::String(_)) => self.say(
                    Diagnostic::error(
                        "wrong-type",
                        key.span,
                        format!("a {} needs no `within`", input.kind.word()),
                    )
                    .label("only what carries authority has a bound"),
                ),
                ("reveal", Tree::Bool(value)) => reveal = *value,
                ("within" | "reveal", _) => self.say(Diagnostic::error(
                    "wrong-type",
                    node.span,
                    if key.value == "within" {
                        "`within` is text: what the value must lie in"
                    } else {
                        "`reveal` is true or false"
                    },
                )),
                _ => self.say(
                    Diagnostic::error(
                        "unknown-input",
                        key.span,
                        format!("`{}` has no place beside `value`", key.value),
                    )
                    .label("not a key here")
                    .help("known here: value, within, reveal"),
                ),
            }
        }
        (value, bound, reveal)
    }

    fn wrong(&mut self, input: &Input, span: Span, at: &str, message: &str) {
        let code = if matches!(input.kind, Kind::Secret) {
            "not-a-secret"
        } else {
            "invalid-value"
        };
        let mut diagnostic = Diagnostic::error(
            code,
            span,
            format!("`{}`: {message}", shown_name(input, at)),
        );
        if !input.doc.is_empty() {
            diagnostic = diagnostic.help(input.doc.clone());
        }
        self.say(diagnostic);
    }
}

pub(super) fn shown_name(input: &Input, at: &str) -> String {
    if input.name.is_empty() {
        pointer::tokens(at).unwrap_or_default().join(".")
    } else {
        input.name.clone()
    }
}
