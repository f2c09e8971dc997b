//! Reading a step's values against the manifest: every value becomes a leaf with its pointer, its place and where it
//! came from; every mistake a diagnostic.

use capstep_pipeline::expr::{Evaluated, SecretText, Template, evaluate_template};
use capstep_pipeline::{
    Diagnostic, Node, Source, Span, Spanned, Step, Value as Tree, did_you_mean,
};
use serde_json::{Map, Value};

use super::leaf::{Leaf, LeafValue, Provenance};
use super::scalar;
use super::scope::{InputScope, Knowledge, knowledge_of};
use crate::manifest::{Input, Kind, Manifest, Role};
use crate::pointer;

pub(super) struct Walk<'a, 'm> {
    source: &'a Source,
    scope: &'a dyn InputScope,
    diagnostics: Vec<Diagnostic>,
    leaves: Vec<Leaf<'m>>,
    records: Vec<String>,
    /// Where the values came from while those of an expression's result are read. They are data: what looks like an
    /// expression, or like `{ value: …, reveal: true }`, in them was not written by the pipeline's author.
    evaluated: Option<Provenance>,
    /// The input that is being read, where it must be the pipeline's own text.
    own_text: Option<&'m str>,
}

/// What a text with expressions comes to.
enum Text {
    Known(Value, Provenance),
    Secret(SecretText),
    NotYet(Provenance),
    Bad,
}

impl<'a, 'm> Walk<'a, 'm> {
    pub(super) fn new(source: &'a Source, scope: &'a dyn InputScope) -> Self {
        Self {
            source,
            scope,
            diagnostics: Vec::new(),
            leaves: Vec::new(),
            records: vec![String::new()],
            evaluated: None,
            own_text: None,
        }
    }

    pub(super) fn finish(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    fn say(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reads `with` and `allow`.
    pub(super) fn step(
        &mut self,
        step: &Step,
        with: Option<&Node>,
        manifest: &'m Manifest,
    ) -> (Value, Vec<Leaf<'m>>) {
        let empty = Vec::new();
        let entries = match with {
            None => &empty,
            Some(node) => match &node.value {
                Tree::Map(entries) => entries,
                Tree::Null => &empty,
                _ => {
                    self.say(Diagnostic::error(
                        "wrong-type",
                        node.span,
                        "`with` is a map of inputs",
                    ));
                    &empty
                }
            },
        };
        let values = self.record(
            &manifest.inputs,
            entries,
            "",
            step.uses.span,
            &manifest.name,
        );
        self.allow(step, manifest);
        (values, std::mem::take(&mut self.leaves))
    }

    fn record(
        &mut self,
        fields: &'m [Input],
        entries: &[(Spanned<String>, Node)],
        at: &str,
        around: Span,
        owner: &str,
    ) -> Value {
        let mut values = Map::new();
        for (key, _) in entries {
            if !fields.iter().any(|field| field.name == key.value) {
                let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                let help = match did_you_mean(&key.value, names.iter().copied()) {
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
                (None, None) if field.required => {
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

    fn value(&mut self, input: &'m Input, node: &Node, at: &str, owner: &str) -> Value {
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
            Tree::String(text)
                if is_single_expression(text)
                    && !input.is_sensitive()
                    && self.evaluated.is_none() =>
            {
                self.whole(input, node, at, owner, "a list")
            }
            // A scalar, or one record, is a list of one.
            _ => Value::Array(vec![self.value(item, node, &pointer::join(at, "0"), owner)]),
        }
    }

    /// A list, map or record given by one expression.
    fn whole(
        &mut self,
        input: &'m Input,
        node: &Node,
        at: &str,
        owner: &str,
        expected: &str,
    ) -> Value {
        if let Tree::String(text) = &node.value
            && is_single_expression(text)
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
            match self.text(text, node.span) {
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
    fn json(&mut self, input: &'m Input, node: &Node, at: &str) -> Value {
        match &node.value {
            Tree::String(text) => match self.text(text, node.span) {
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

    fn leaf(&mut self, input: &'m Input, node: &Node, at: &str) -> Value {
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
            Tree::String(text) => match self.text(text, node.span) {
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

    fn text(&mut self, text: &str, span: Span) -> Text {
        if let Some(provenance) = &self.evaluated {
            return Text::Known(Value::String(text.to_owned()), provenance.clone());
        }
        let template = match Template::parse(text, span, self.source) {
            Ok(template) => template,
            Err(diagnostic) => {
                self.say(diagnostic);
                return Text::Bad;
            }
        };
        let knowledge = knowledge_of(&template, self.scope);
        if knowledge == Knowledge::Undeclared {
            return Text::Bad;
        }
        let provenance = Provenance::new(knowledge, text);
        if let Some(name) = self.own_text
            && !provenance.is_written()
        {
            self.say(
                Diagnostic::error(
                    "unbounded-run-time-value",
                    span,
                    format!(
                        "`{name}` says whom to trust, and `{text}` lets something else decide it"
                    ),
                )
                .label("not the pipeline's own text")
                .help("write the value into the file, or hand it over by `--var`"),
            );
            return Text::Bad;
        }
        if knowledge == Knowledge::NotYet {
            // What is made of a secret is a secret, also while the rest of it is not known: the plan shows where it goes.
            let names = template.secrets();
            if !names.is_empty() {
                return Text::Secret(SecretText {
                    text: String::new().into(),
                    names: names.into_iter().collect(),
                });
            }
            return Text::NotYet(provenance);
        }
        match evaluate_template(&template, self.scope) {
            Ok(Evaluated::Json(value)) => Text::Known(value, provenance),
            Ok(Evaluated::Secret(secret)) => Text::Secret(secret),
            Err(error) => {
                self.say(Diagnostic::error(
                    "expression-failed",
                    error.span,
                    error.message,
                ));
                Text::Bad
            }
        }
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

    fn secret_without_sink(&mut self, input: &Input, span: Span, at: &str) {
        let diagnostic = Diagnostic::error(
            "secret-without-sink",
            span,
            format!("`{}` takes no secret", shown_name(input, at)),
        );
        self.say(if matches!(input.kind, Kind::String { .. }) {
            diagnostic
                .label("the plugin would see the value")
                .help("a secret goes where the manifest declares a sink; `{ value: …, reveal: true }` gives the plugin the bytes, and the plan shows it")
        } else {
            diagnostic
                .label(format!("a {} is no place for a secret", input.kind.word()))
                .help("a secret goes where the manifest declares a sink, and such an input is a `secret` or a `string`")
        });
    }

    fn allow(&mut self, step: &Step, manifest: &'m Manifest) {
        for (name, node) in &step.allow {
            let Some(requirement) = manifest.requirement(&name.value) else {
                let known: Vec<&str> = manifest
                    .requires
                    .iter()
                    .map(|required| required.input.name.as_str())
                    .collect();
                let help = match did_you_mean(&name.value, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "it requires nothing: leave `allow` out".to_owned(),
                    None => format!("it requires {}", known.join(", ")),
                };
                self.say(
                    Diagnostic::error(
                        "unknown-allow",
                        name.span,
                        format!("`{}` requires no `{}`", manifest.name, name.value),
                    )
                    .help(help),
                );
                continue;
            };
            if node.as_str() == Some(requirement.value.as_str()) {
                self.leaves.push(Leaf {
                    pointer: format!("requires/{}", name.value),
                    input: &requirement.input,
                    span: node.span,
                    value: LeafValue::Known(Value::String(requirement.value.clone())),
                    provenance: Provenance::Written,
                    bound: None,
                    reveal: false,
                    records: vec![String::new()],
                });
            } else {
                self.say(
                    Diagnostic::error(
                        "requirement-mismatch",
                        node.span,
                        format!(
                            "`{}` asks for `{}`, and this grants something else",
                            manifest.name, requirement.value
                        ),
                    )
                    .label("must be the same, to the letter")
                    .help(format!(
                        "if you mean to grant it: `{}: \"{}\"`",
                        name.value, requirement.value
                    )),
                );
            }
        }
        for requirement in &manifest.requires {
            let name = &requirement.input.name;
            if !step.allow.iter().any(|(allowed, _)| allowed.value == *name) {
                self.say(
                    Diagnostic::error(
                        "requirement-not-granted",
                        step.uses.span,
                        format!(
                            "`{}` requires `{}`: {}",
                            manifest.name, requirement.value, requirement.input.doc
                        ),
                    )
                    .label("not granted")
                    .help(format!(
                        "if you mean to grant it: `allow: {{ {name}: \"{}\" }}`",
                        requirement.value
                    )),
                );
            }
        }
    }
}

fn shown_name(input: &Input, at: &str) -> String {
    if input.name.is_empty() {
        pointer::tokens(at).unwrap_or_default().join(".")
    } else {
        input.name.clone()
    }
}

/// Whether a text is one expression and nothing else, so that its value keeps its type.
fn is_single_expression(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("${{") && text.ends_with("}}") && text.matches("${{").count() == 1
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
    Node { value, span }
}

#[cfg(test)]
pub(super) fn tests_support_input(kind: Kind) -> Input {
    Input {
        name: String::new(),
        kind,
        required: false,
        default: None,
        doc: String::new(),
        access: Vec::new(),
        sink: None,
        role: None,
    }
}
