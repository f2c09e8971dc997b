//! `allow`: what a step grants by repeating it, against what the manifest requires.

use capstep_pipeline::{Diagnostic, Step, did_you_mean};
use serde_json::Value;

use super::Walk;
use crate::bind::leaf::{Leaf, LeafValue, Provenance};
use crate::manifest::Manifest;

impl<'m> Walk<'_, 'm> {
    pub(super) fn allow(&mut self, step: &Step, manifest: &'m Manifest) {
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
