//! Texts with expressions in them: what they come to, as far as that is known.

use capstep_pipeline::expr::{Evaluated, SecretText, evaluate_template};
use capstep_pipeline::{Diagnostic, Node, Span};
use serde_json::Value;

use super::Walk;
use super::single::shown_name;
use crate::bind::leaf::Provenance;
use crate::bind::scope::{Knowledge, knowledge_of};
use crate::manifest::{Input, Kind};

/// What a text with expressions comes to.
pub(super) enum Text {
    Known(Value, Provenance),
    Secret(SecretText),
    NotYet(Provenance),
    Bad,
}

impl Walk<'_, '_> {
    /// A value that is `text`.
    pub(super) fn text(&mut self, node: &Node, text: &str) -> Text {
        let span = node.span;
        if let Some(provenance) = &self.evaluated {
            return Text::Known(Value::String(text.to_owned()), provenance.clone());
        }
        let Some(template) = &node.template else {
            return Text::Known(Value::String(text.to_owned()), Provenance::Written);
        };
        if template.has_mistakes() {
            return Text::Bad;
        }
        let knowledge = knowledge_of(template, self.scope);
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
        match evaluate_template(template, self.scope) {
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

    pub(super) fn secret_without_sink(&mut self, input: &Input, span: Span, at: &str) {
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
}
