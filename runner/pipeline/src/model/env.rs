//! `env`: variables for the environments of scripts and programs, and what `env.NAME` stands for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fields::mark;
use super::names::{self, shown};
use super::pipeline::Env;
use super::reader::Reader;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::expr::{Frame, Reference, Target, Template, has_expression};
use crate::source::Spanned;
use crate::tree::{Node, Value};

/// The most variables of one `env`. Programs are started with some dozens; every step's environment is put together
/// from three of these.
const MAX_VARIABLES: usize = 256;

/// The environment at a place of the file, and what names stand for there.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    pub(super) env: Arc<Env>,
    pub(super) frame: Arc<Frame>,
}

impl Surroundings {
    /// A level with nothing of its own.
    pub(super) fn nothing_more(&self) -> Self {
        Self {
            env: Arc::new(Env {
                own: Vec::new(),
                around: Some(Arc::clone(&self.env)),
            }),
            frame: Arc::clone(&self.frame),
        }
    }
}

/// Where an `env` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EnvLevel {
    Pipeline,
    Job,
    Step,
}

impl Reader<'_> {
    /// Reads `env`: what is around it, with its own entries over that. Gives the references in it too.
    pub(super) fn env(
        &mut self,
        key: &Spanned<String>,
        node: &Node,
        around: &Surroundings,
        level: EnvLevel,
    ) -> (Surroundings, Vec<Reference>) {
        let mut references = Vec::new();
        let Some(entries) = self.open_map(key, node, "a map of names to texts") else {
            return (around.nothing_more(), references);
        };
        if entries.len() > MAX_VARIABLES {
            let message = format!("`env` has more than {MAX_VARIABLES} variables");
            self.report(
                Diagnostic::error(codes::LIMIT_EXCEEDED, key.span, message)
                    .help("hand many values over in a file"),
            );
            return (around.nothing_more(), references);
        }
        let mut own = Vec::with_capacity(entries.len());
        let mut names = BTreeMap::new();
        for (name, value) in entries {
            if let Some(mistake) = names::check_variable(name, "a variable's name") {
                self.report(mistake);
            }
            let what = format!("the variable `{}`", shown(&name.value));
            let text = match &value.value {
                Value::String(_) | Value::Number(_) | Value::Bool(_) => value.scalar_text(),
                Value::Null | Value::List(_) | Value::Map(_) => None,
            };
            let Some(text) = text else {
                let span = mark(name.span, value);
                self.wrong_type(&what, "text, a number or true/false", span, value);
                // The name is there: who refers to it isn't blamed.
                let (empty, _) = Template::parse("", span, self.source);
                names.insert(name.value.clone(), Arc::new(empty));
                continue;
            };
            let (mut template, mut mistakes) = Template::parse(&text, value.span, self.source);
            let referred = template.references();
            let refused: Vec<_> = referred
                .iter()
                .filter_map(|it| refused(it, level))
                .collect();
            if refused.is_empty() {
                references.extend(referred);
                mistakes.extend(template.resolve(&around.frame));
            }
            mistakes
                .into_iter()
                .chain(refused)
                .for_each(|mistake| self.report(mistake));
            let template = Arc::new(template);
            names.insert(name.value.clone(), Arc::clone(&template));
            let mut value = value.clone();
            value.template = has_expression(&text).then_some(template);
            own.push((name.clone(), value));
        }
        let surroundings = Surroundings {
            env: Arc::new(Env {
                own,
                around: Some(Arc::clone(&around.env)),
            }),
            frame: Arc::new(Frame::within(&around.frame, names)),
        };
        (surroundings, references)
    }
}

/// What an `env` can't refer to.
fn refused(reference: &Reference, level: EnvLevel) -> Option<Diagnostic> {
    let message = match (&reference.target, level) {
        (Target::Env(_), _) => "a value of `env` can't refer to `env`",
        (Target::Secret(_), EnvLevel::Pipeline | EnvLevel::Job) => {
            return Some(
                Diagnostic::error(
                    codes::SECRET_EXPOSED,
                    reference.span,
                    "a secret can't be in the `env` of a pipeline or a job",
                )
                .label("every script of it would have it")
                .help("give it to the step that needs it, in its `with` or its own `env`"),
            );
        }
        (
            Target::StepOutput { .. } | Target::StepOutcome(_),
            EnvLevel::Pipeline | EnvLevel::Job,
        ) => "steps are not known here: this is worked out for every step",
        (
            Target::JobOutput { .. } | Target::JobOutcome(_) | Target::Matrix(_),
            EnvLevel::Pipeline,
        ) => "this belongs to a job: put it into the job's `env`",
        _ => return None,
    };
    Some(Diagnostic::error(codes::UNKNOWN_CONTEXT, reference.span, message).help(
        "an `env` can refer to `vars`, `event` and `run`, a job's also to `needs` and `matrix`, a step's also to `steps` and `secrets`",
    ))
}
