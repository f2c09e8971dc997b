//! One value of a step's inputs: as small as values get, with where it was written and where it came from.

use capstep_pipeline::expr::SecretText;
use capstep_pipeline::{Span, Spanned};
use serde::Serialize;
use serde_json::Value;

use super::scope::Knowledge;
use crate::manifest::Input;

pub(super) struct Leaf<'m> {
    /// Its JSON Pointer; `requires/NAME` for a requirement.
    pub(super) pointer: String,
    /// Its declaration.
    pub(super) input: &'m Input,
    /// Where it was written.
    pub(super) span: Span,
    /// The value, as far as it is known.
    pub(super) value: LeafValue,
    /// Where it came from.
    pub(super) provenance: Provenance,
    /// What limits it.
    pub(super) bound: Option<Spanned<String>>,
    /// Whether the pipeline reveals it to the plugin.
    pub(super) reveal: bool,
    /// The pointers of the records around it, outermost first.
    pub(super) records: Vec<String>,
}

pub(super) enum LeafValue {
    Known(Value),
    Secret(SecretText),
    NotYet,
}

impl Leaf<'_> {
    /// The value as text, where it is a known text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            LeafValue::Known(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Provenance {
    /// The pipeline's own text, or the command line.
    Written,
    /// The environment of who started the run.
    Environment {
        /// The expression.
        expression: String,
    },
    /// An earlier step or job.
    RunTime {
        /// The expression.
        expression: String,
    },
}

impl Provenance {
    pub(super) fn new(knowledge: Knowledge, text: &str) -> Self {
        match knowledge {
            Knowledge::Written => Self::Written,
            Knowledge::Environment => Self::Environment {
                expression: text.to_owned(),
            },
            Knowledge::RunTime | Knowledge::NotYet | Knowledge::Undeclared => Self::RunTime {
                expression: text.to_owned(),
            },
        }
    }

    /// Whether the value is the author's own, and so needs no bound.
    pub fn is_written(&self) -> bool {
        matches!(self, Self::Written)
    }
}
