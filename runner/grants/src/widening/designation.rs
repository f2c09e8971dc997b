//! What one input grants: accesses, how much of a site by which methods, on which target.

use std::collections::BTreeSet;

use super::change::Widening;
use super::compare::Place;
use crate::manifest::{Input, Kind, Methods};

pub(super) fn accesses(
    before: Place<'_>,
    after: Place<'_>,
    at: &str,
    found: &mut BTreeSet<Widening>,
) {
    for request in &after.input.access {
        let had = |when: Option<&String>| {
            before
                .input
                .access
                .iter()
                .any(|old| old.access == request.access && old.when.as_ref() == when)
        };
        if had(None) {
            continue;
        }
        if request.when.is_none() || !had(request.when.as_ref()) {
            found.insert(Widening::AddedAccess {
                input: at.to_owned(),
                access: request.access,
                when: request.when.clone(),
            });
        } else if let Some(when) = &request.when
            && is_true_by_default(after, when)
            && !is_true_by_default(before, when)
        {
            found.insert(Widening::AccessByDefault {
                input: at.to_owned(),
                access: request.access,
                when: when.clone(),
            });
        }
    }
}

fn is_true_by_default(place: Place<'_>, name: &str) -> bool {
    place
        .record
        .iter()
        .any(|input| input.name == name && input.default == Some(true.into()))
}

/// What the type itself says: how much of a site, on which target.
pub(super) fn designation(
    before: Place<'_>,
    after: Place<'_>,
    at: &str,
    found: &mut BTreeSet<Widening>,
) {
    match (&before.input.kind, &after.input.kind) {
        (
            Kind::Url {
                url_match: from, ..
            },
            Kind::Url { url_match: to, .. },
        ) => {
            if to > from {
                found.insert(Widening::WiderMatch {
                    input: at.to_owned(),
                    from: *from,
                    to: *to,
                });
            }
            methods(before, after, at, found);
        }
        (Kind::Script { on: Some(from) }, Kind::Script { on: Some(to) })
        | (Kind::RemotePath { target: from }, Kind::RemotePath { target: to })
            if from != to =>
        {
            found.insert(Widening::MovedTarget {
                input: at.to_owned(),
                from: from.to_string(),
                to: to.to_string(),
            });
        }
        _ => {}
    }
}

/// Which HTTP methods a url grants: those that the old version granted to every step, and those that the same input
/// still chooses, are no more than before.
fn methods(before: Place<'_>, after: Place<'_>, at: &str, found: &mut BTreeSet<Widening>) {
    let (Kind::Url { methods: had, .. }, Kind::Url { methods: has, .. }) =
        (&before.input.kind, &after.input.kind)
    else {
        return;
    };
    let always: &[String] = match had {
        Methods::Listed(methods) => methods,
        Methods::Chosen(name) => match values_of(before, name) {
            // A choice of one is none.
            only @ [_] => only,
            _ => &[],
        },
    };
    let now: &[String] = match has {
        Methods::Listed(methods) => methods,
        Methods::Chosen(name) => values_of(after, name),
    };
    for method in now.iter().filter(|method| !always.contains(method)) {
        match (had, has) {
            (Methods::Chosen(before_by), Methods::Chosen(name))
                if before_by == name && values_of(before, name).contains(method) =>
            {
                let by_default = |place| default_of(place, name) == Some(method.as_str());
                if by_default(after) && !by_default(before) {
                    found.insert(Widening::MethodByDefault {
                        input: at.to_owned(),
                        method: method.clone(),
                        chosen_by: name.clone(),
                    });
                }
            }
            _ => {
                found.insert(Widening::AddedMethod {
                    input: at.to_owned(),
                    method: method.clone(),
                });
            }
        }
    }
}

/// The values of the enum of that name beside an input.
fn values_of<'a>(place: Place<'a>, name: &str) -> &'a [String] {
    match place.record.iter().find(|input| input.name == name) {
        Some(Input {
            kind: Kind::Enum(values),
            ..
        }) => values,
        _ => &[],
    }
}

fn default_of<'a>(place: Place<'a>, name: &str) -> Option<&'a str> {
    let input = place.record.iter().find(|input| input.name == name)?;
    input.default.as_ref()?.as_str()
}
