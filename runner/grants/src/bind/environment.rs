//! What `env` says, put into the input that takes an environment.
//!
//! `env` is data, and reaches no plugin by itself: only the script or program that the step runs has an environment, and
//! its plugin says which input that is. What the step's own input says comes first.

use std::borrow::Cow;

use capstep_pipeline::{Diagnostic, Node, Span, Spanned, Step, Value};

use crate::manifest::{Abi, Input, Kind, Manifest, Role};

/// The step's inputs with its environment among them, and what is wrong about that.
pub(super) fn merged<'s>(
    step: &'s Step,
    manifest: &Manifest,
) -> (Option<Cow<'s, Node>>, Vec<Diagnostic>) {
    let with = step.with.as_ref().map(Cow::Borrowed);
    if step.env.is_empty() {
        return (with, Vec::new());
    }
    let Some(input) = environment(manifest) else {
        let own = step.env.iter().filter(|entry| entry.own);
        let refused = own.map(|entry| {
            let message = format!("`{}` takes no environment", manifest.name);
            Diagnostic::error("unknown-input", entry.name.span, message)
                .label("nothing would have it")
                .help("remove it; where an expression needs it, `env` of the job or the pipeline does")
        });
        return (with, refused.collect());
    };
    let mut inputs = match with.as_deref().map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.clone(),
        None | Some(Value::Null) => Vec::new(),
        // No inputs at all: that mistake is told where they are read.
        Some(_) => return (with, Vec::new()),
    };
    let span = step.with.as_ref().map_or(step.span, |node| node.span);
    let own = inputs.iter_mut().find(|(key, _)| key.value == input.name);
    match own {
        Some((_, node)) => add(node, step),
        None => {
            let first = step.env.first().map_or(span, |entry| entry.name.span);
            let mut node = Node {
                value: Value::Null,
                span: first,
            };
            add(&mut node, step);
            inputs.push((Spanned::new(input.name.clone(), first), node));
        }
    }
    let value = Value::Map(inputs);
    (Some(Cow::Owned(Node { value, span })), Vec::new())
}

/// Adds the step's environment to an input's value, but for the names that it has itself.
fn add(node: &mut Node, step: &Step) {
    let mut entries = match &node.value {
        Value::Map(entries) => entries.clone(),
        Value::Null => Vec::new(),
        _ => return,
    };
    for variable in &step.env {
        if !entries
            .iter()
            .any(|(name, _)| name.value == variable.name.value)
        {
            entries.push((variable.name.clone(), variable.value.clone()));
        }
    }
    node.value = Value::Map(entries);
    if node.span.is_empty() {
        node.span = step
            .env
            .first()
            .map_or(Span::default(), |entry| entry.name.span);
    }
}

/// The input that is the environment of what the step runs, where there is one.
fn environment(manifest: &Manifest) -> Option<&Input> {
    manifest.inputs.iter().find(|input| {
        let is_role = matches!(input.role, Some(Role::ScriptEnv(_)));
        let is_plain = manifest.abi == Abi::Plain && input.name == "env";
        matches!(input.kind, Kind::Map(_)) && (is_role || is_plain)
    })
}
