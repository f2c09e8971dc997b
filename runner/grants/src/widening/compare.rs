//! Both manifests side by side: what a pipeline writes at one place, and what each version reads it as.

use std::collections::BTreeSet;

use super::change::Widening;
use super::designation::{accesses, designation};
use crate::manifest::{Input, Kind};

/// A declaration and the record it stands in, which conditions of its accesses name inputs of.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) input: &'a Input,
    pub(super) record: &'a [Input],
}

pub(super) fn named<'a>(fields: &'a [Input], name: &str) -> Vec<Place<'a>> {
    let field = fields.iter().find(|field| field.name == name);
    field
        .map(|input| Place {
            input,
            record: fields,
        })
        .into_iter()
        .collect()
}

/// Compares what stands at one place of a pipeline: `before` is all that the old version could have read it as.
pub(super) fn compare(
    before: &[Place<'_>],
    after: Place<'_>,
    at: &str,
    found: &mut BTreeSet<Widening>,
) {
    // Lists are no level: a scalar is a list of one.
    let before: Vec<Place<'_>> = before.iter().map(|place| without_lists(*place)).collect();
    let after = without_lists(after);
    match &after.input.kind {
        Kind::Map(value) => {
            let values: Vec<Place<'_>> = before.iter().flat_map(parts).collect();
            let value = Place {
                input: value,
                record: after.record,
            };
            compare(&values, value, &format!("{at}.*"), found);
        }
        Kind::Record(fields) => {
            for field in fields {
                let same: Vec<Place<'_>> = before
                    .iter()
                    .flat_map(|place| match &place.input.kind {
                        Kind::Record(fields) => named(fields, &field.name),
                        _ => parts(place),
                    })
                    .collect();
                let field = Place {
                    input: field,
                    record: fields,
                };
                compare(&same, field, &format!("{at}.{}", field.input.name), found);
            }
        }
        _ => {
            for place in &before {
                leaf(*place, after, at, found);
            }
        }
    }
    if let Some(role) = &after.input.role {
        for place in &before {
            if place.input.role.as_ref() != Some(role) {
                found.insert(Widening::NewRole {
                    input: at.to_owned(),
                    role: role.to_string(),
                });
            }
        }
    }
}

fn without_lists(mut place: Place<'_>) -> Place<'_> {
    while let Kind::List(item) = &place.input.kind {
        place.input = item;
    }
    place
}

/// What the old version read each part of a map as.
fn parts<'a>(place: &Place<'a>) -> Vec<Place<'a>> {
    match &place.input.kind {
        Kind::Map(value) => vec![Place {
            input: value,
            record: place.record,
        }],
        Kind::Record(fields) => fields
            .iter()
            .map(|input| Place {
                input,
                record: fields,
            })
            .collect(),
        // Free JSON holds anything.
        Kind::Json => vec![*place],
        _ => Vec::new(),
    }
}

fn leaf(before: Place<'_>, after: Place<'_>, at: &str, found: &mut BTreeSet<Widening>) {
    let (old, new) = (before.input, after.input);
    if new.kind.carries_authority() {
        if old.kind.word() == new.kind.word() {
            accesses(before, after, at, found);
            designation(before, after, at, found);
        } else {
            found.insert(Widening::NewAuthority {
                input: at.to_owned(),
                from: old.kind.word(),
                to: new.kind.word(),
            });
        }
    }
    if let Some(sink) = &new.sink
        && old.sink.as_ref() != Some(sink)
    {
        found.insert(Widening::MovedSink {
            input: at.to_owned(),
            from: old.sink.as_ref().map(ToString::to_string),
            to: sink.to_string(),
        });
    }
}
