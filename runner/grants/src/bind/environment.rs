//! What `env` says, put into the input that takes an environment.
//!
//! `env` is data, and reaches no plugin by itself: only the script or program that the step runs has an environment, and
//! its plugin says which input that is. What the step's own input says comes first.

use std::borrow::Cow;
use std::collections::BTreeSet;

use capstep_pipeline::{Diagnostic, Node, Spanned, Step, Value};

use crate::manifest::{Abi, Input, Kind, Manifest, Role, SiblingRef};

/// The step's inputs with its environment among them, and what is wrong about that.
pub(super) fn merged<'s>(
    step: &'s Step,
    manifest: &Manifest,
) -> (Option<Cow<'s, Node>>, Vec<Diagnostic>) {
    let with = step.with.as_ref().map(Cow::Borrowed);
    let entries = step.env.entries();
    let Some((first, _)) = entries.first() else {
        return (with, Vec::new());
    };
    let mut inputs = match step.with.as_ref().map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.clone(),
        _ => Vec::new(),
    };
    let input = match environment(manifest, &inputs) {
        Ok(input) => input,
        Err(why) => {
            let refused = step.env.own.iter().map(|(name, _)| {
                Diagnostic::error("unknown-input", name.span, why.clone())
                    .label("nothing would have it")
                    .help("remove it; where an expression needs it, `env` of the job or the pipeline does")
            });
            return (with, refused.collect());
        }
    };
    let given = inputs.iter_mut().find(|(key, _)| key.value == input.name);
    match given {
        Some((_, node)) => add(node, &entries),
        None => {
            let mut node = Node::new(Value::Null, first.span);
            add(&mut node, &entries);
            inputs.push((Spanned::new(input.name.clone(), first.span), node));
        }
    }
    let span = step.with.as_ref().map_or(step.span, |node| node.span);
    let node = Node::new(Value::Map(inputs), span);
    (Some(Cow::Owned(node)), Vec::new())
}

/// Adds an environment to an input's value, but for the names that it has itself. A value of another type stays: that
/// mistake is told where the input is read.
fn add(node: &mut Node, environment: &[&(Spanned<String>, Node)]) {
    if node.is_null() {
        node.value = Value::Map(Vec::new());
    }
    let Value::Map(entries) = &mut node.value else {
        return;
    };
    let own: BTreeSet<String> = entries.iter().map(|(name, _)| name.value.clone()).collect();
    let more = environment
        .iter()
        .filter(|(name, _)| !own.contains(&name.value));
    entries.extend(more.map(|entry| (*entry).clone()));
}

/// The input that is the environment of what the step runs; or why there is none.
fn environment<'m>(
    manifest: &'m Manifest,
    inputs: &[(Spanned<String>, Node)],
) -> Result<&'m Input, String> {
    let takes_it = |input: &&Input| {
        let is_role = matches!(input.role_of_all(), Some(Role::ScriptEnv(_)));
        let is_plain = manifest.abi == Abi::Plain && input.name == "env";
        matches!(input.kind, Kind::Map(_)) && (is_role || is_plain)
    };
    let input = manifest.inputs.iter().find(takes_it);
    let input = input.ok_or_else(|| format!("`{}` takes no environment", manifest.name))?;
    if let Some(Role::ScriptEnv(SiblingRef::Input { up: 0, name })) = input.role_of_all()
        && !inputs
            .iter()
            .any(|(key, node)| key.value == *name && !node.is_null())
    {
        return Err(format!(
            "this step has no `{name}`, whose environment this would be"
        ));
    }
    Ok(input)
}
