//! Widening: what a new version of a plugin asks for that the old one did not.
//!
//! A change widens where the same pipeline would afterwards grant more, or hand a secret elsewhere. Inputs are compared
//! by where a pipeline writes them; an input that the old version did not have is no widening, since no pipeline that
//! worked with the old version sets it. A requirement is always shown: it is the publisher's own wish.
//!
//! `change` is what can be found, `compare` goes through both manifests, `designation` compares what one input grants.

mod change;
mod compare;
mod designation;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::manifest::Manifest;

pub use change::Widening;
use compare::{Place, compare, named};

/// What `new` asks for that `old` did not, in order and without repetition; nothing where they ask alike.
pub fn widening(old: &Manifest, new: &Manifest) -> Vec<Widening> {
    let mut found = BTreeSet::new();
    for input in &new.inputs {
        let before: Vec<Place<'_>> = named(&old.inputs, &input.name);
        let after = Place {
            input,
            record: &new.inputs,
        };
        compare(&before, after, &input.name, &mut found);
    }
    for requirement in &new.requires {
        let name = requirement.input.name.clone();
        match old.requirement(&name) {
            None => {
                found.insert(Widening::NewRequirement {
                    name,
                    value: requirement.value.clone(),
                });
            }
            Some(before) => {
                if before.value != requirement.value {
                    found.insert(Widening::ChangedRequirement {
                        name: name.clone(),
                        from: before.value.clone(),
                        to: requirement.value.clone(),
                    });
                }
                let at = |input, record| Place { input, record };
                compare(
                    &[at(&before.input, &old.inputs)],
                    at(&requirement.input, &new.inputs),
                    &format!("requires/{name}"),
                    &mut found,
                );
            }
        }
    }
    found.into_iter().collect()
}
