//! Widening: what a new version of a plugin asks for that the old one did not.
//!
//! A change widens where the same pipeline would afterwards grant more, or hand a secret elsewhere. Inputs are compared
//! by where a pipeline writes them; an input that the old version did not have is no widening, since no pipeline that
//! worked with the old version sets it. A requirement is always shown: it is the publisher's own wish.

use std::collections::BTreeSet;

use crate::manifest::{Access, Input, Kind, Manifest, Methods, UrlMatch};

/// One way in which a new manifest asks for more than the old one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Widening {
    /// What was data, or authority of another kind, is now authority.
    NewAuthority {
        /// The input: `upload.from`, `*` for a map's values, `requires/NAME` for a requirement.
        input: String,
        /// The old type's word.
        from: &'static str,
        /// The new type's word.
        to: &'static str,
    },
    /// An access word that was not asked for, or only while another input was true.
    AddedAccess {
        /// The input.
        input: String,
        /// The access.
        access: Access,
        /// The boolean input that it now hangs on.
        when: Option<String>,
    },
    /// An access hangs on an input that is now true where a step doesn't set it.
    AccessByDefault {
        /// The input.
        input: String,
        /// The access.
        access: Access,
        /// The boolean input.
        when: String,
    },
    /// More of a URL's site.
    WiderMatch {
        /// The input.
        input: String,
        /// How much it was.
        from: UrlMatch,
        /// How much it is.
        to: UrlMatch,
    },
    /// An HTTP method that was not asked for.
    AddedMethod {
        /// The input.
        input: String,
        /// The method.
        method: String,
    },
    /// The input that chooses the HTTP method has another value where a step doesn't set it.
    MethodByDefault {
        /// The input.
        input: String,
        /// The method.
        method: String,
        /// The enum that chooses.
        chosen_by: String,
    },
    /// A secret goes elsewhere.
    MovedSink {
        /// The input.
        input: String,
        /// Where it went; none where the input took no secret but one that was revealed.
        from: Option<String>,
        /// Where it goes.
        to: String,
    },
    /// A script runs, or a remote path lies, on another input's target.
    MovedTarget {
        /// The input.
        input: String,
        /// The old target.
        from: String,
        /// The new target.
        to: String,
    },
    /// The host reads the input for something that it didn't read it for: a script's environment, accepted keys.
    NewRole {
        /// The input.
        input: String,
        /// The role.
        role: String,
    },
    /// Fixed authority that was not required.
    NewRequirement {
        /// Its name.
        name: String,
        /// The value.
        value: String,
    },
    /// Fixed authority with another value.
    ChangedRequirement {
        /// Its name.
        name: String,
        /// The old value.
        from: String,
        /// The new value.
        to: String,
    },
}

impl std::fmt::Display for Widening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NewAuthority { input, from, to } => {
                write!(
                    f,
                    "`{input}` was a {from} and is now a {to}: what it is set to is granted"
                )
            }
            Self::AddedAccess {
                input,
                access,
                when: None,
            } => write!(f, "`{input}` now grants `{access}`"),
            Self::AddedAccess {
                input,
                access,
                when: Some(when),
            } => write!(f, "`{input}` now grants `{access}` while `{when}` is true"),
            Self::AccessByDefault {
                input,
                access,
                when,
            } => write!(
                f,
                "`{input}` now grants `{access}` where a step says nothing of `{when}`"
            ),
            Self::WiderMatch { input, from, to } => write!(
                f,
                "`{input}` now grants more of its site: `{}`, before `{}`",
                to.word(),
                from.word()
            ),
            Self::AddedMethod { input, method } => {
                write!(f, "`{input}` now grants requests with {method}")
            }
            Self::MethodByDefault {
                input,
                method,
                chosen_by,
            } => write!(
                f,
                "`{input}` now grants requests with {method} where a step says nothing of `{chosen_by}`"
            ),
            Self::MovedSink {
                input,
                from: Some(from),
                to,
            } => write!(
                f,
                "a secret in `{input}` now goes to `{to}`, before to `{from}`"
            ),
            Self::MovedSink {
                input,
                from: None,
                to,
            } => write!(f, "`{input}` now takes a secret, which goes to `{to}`"),
            Self::MovedTarget { input, from, to } => {
                write!(f, "`{input}` is now for `{to}`, before for `{from}`")
            }
            Self::NewRole { input, role } => {
                write!(f, "the host now reads `{input}` as `{role}`")
            }
            Self::NewRequirement { name, value } => {
                write!(f, "`{value}` is now required (`{name}`)")
            }
            Self::ChangedRequirement { name, from, to } => {
                write!(f, "`{to}` is now required (`{name}`), before `{from}`")
            }
        }
    }
}

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

/// A declaration and the record it stands in, which conditions of its accesses name inputs of.
#[derive(Clone, Copy)]
struct Place<'a> {
    input: &'a Input,
    record: &'a [Input],
}

fn named<'a>(fields: &'a [Input], name: &str) -> Vec<Place<'a>> {
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
fn compare(before: &[Place<'_>], after: Place<'_>, at: &str, found: &mut BTreeSet<Widening>) {
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

fn accesses(before: Place<'_>, after: Place<'_>, at: &str, found: &mut BTreeSet<Widening>) {
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
fn designation(before: Place<'_>, after: Place<'_>, at: &str, found: &mut BTreeSet<Widening>) {
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
        (Kind::Script { on: from }, Kind::Script { on: to })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{BUILT_IN, manifest};

    fn check(old: &str, new: &str, expected: &[&str]) {
        let found: Vec<String> = widening(&manifest(old), &manifest(new))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, expected, "from {old} to {new}");
    }

    /// Beside a target `t` and `t2`, a url `u`, a boolean `b` and a script `s`.
    fn check_input(old: &str, new: &str, expected: &[&str]) {
        let around = |keys: &str| {
            let input = if keys.is_empty() {
                String::new()
            } else {
                format!("inputs.a = {{ {keys} }}")
            };
            format!(
                "inputs.t = {{ type = \"ssh-target\", access = [\"script\", \"files\"] }}\n\
                 inputs.t2 = {{ type = \"ssh-target\", access = [\"script\", \"files\"] }}\n\
                 inputs.s = {{ type = \"script\", on = \"t\" }}\n\
                 inputs.u = {{ type = \"url\" }}\n\
                 inputs.u2 = {{ type = \"url\" }}\n\
                 inputs.b = {{ type = \"boolean\" }}\n{input}"
            )
        };
        check(&around(old), &around(new), expected);
    }

    #[test]
    fn nothing_changed() {
        for text in BUILT_IN {
            let (_, manifest) = Manifest::from_toml(text).unwrap();
            assert_eq!(widening(&manifest, &manifest), []);
        }
    }

    #[test]
    fn narrower_or_beside_is_no_widening() {
        let read = "type = \"path\", access = [\"read\"]";
        check_input(read, "", &[]);
        check_input("", read, &[]);
        check_input(read, "type = \"string\"", &[]);
        check_input(read, "type = \"list<path>\", access = [\"read\"]", &[]);
        check_input(
            "type = \"path\", access = [\"read\", \"write\"]",
            "type = \"path\", access = [\"read\", \"write if b\"]",
            &[],
        );
        check_input(
            "type = \"url\", match = \"origin\"",
            "type = \"url\", match = \"prefix\", methods = [\"HEAD\"]",
            &[],
        );
        check_input(
            "type = \"secret\", sink = \"ssh-auth(t)\"",
            "type = \"string\"",
            &[],
        );
        check_input(
            "type = \"secret\", sink = \"http-header(u)\"",
            "type = \"string\", sink = \"http-header(u)\"",
            &[],
        );
    }

    #[test]
    fn authority_and_access() {
        check_input(
            "type = \"string\"",
            "type = \"path\", access = [\"read\"]",
            &["`a` was a string and is now a path: what it is set to is granted"],
        );
        check_input(
            "type = \"string\"",
            "type = \"script\", on = \"t\"",
            &["`a` was a string and is now a script: what it is set to is granted"],
        );
        check_input(
            "type = \"tcp-address\"",
            "type = \"ssh-target\", access = [\"exec\"]",
            &["`a` was a tcp-address and is now a ssh-target: what it is set to is granted"],
        );
        for holder in ["type = \"json\"", "type = \"map<string>\""] {
            let from = if holder.contains("json") {
                "json"
            } else {
                "string"
            };
            check_input(
                holder,
                "type = \"record\", fields = { f = { type = \"path\", access = [\"read\"] } }",
                &[&format!(
                    "`a.f` was a {from} and is now a path: what it is set to is granted"
                )],
            );
            check_input(
                holder,
                "type = \"map<path>\", access = [\"read\"]",
                &[&format!(
                    "`a.*` was a {from} and is now a path: what it is set to is granted"
                )],
            );
        }
        check_input(
            "type = \"record\", fields = { f = { type = \"string\" } }",
            "type = \"map<path>\", access = [\"read\"]",
            &["`a.*` was a string and is now a path: what it is set to is granted"],
        );
        let read = "type = \"path\", access = [\"read\"]";
        check_input(
            read,
            "type = \"list<path>\", access = [\"read\", \"write\"]",
            &["`a` now grants `write`"],
        );
        check_input(
            read,
            "type = \"path\", access = [\"read\", \"write if b\"]",
            &["`a` now grants `write` while `b` is true"],
        );
        check_input(
            "type = \"path\", access = [\"write if b\"]",
            "type = \"path\", access = [\"write\"]",
            &["`a` now grants `write`"],
        );
        check_input(
            "type = \"list\", item = { fields = { f = { type = \"path\", access = [\"read\"] } } }",
            "type = \"list\", item = { fields = { f = { type = \"path\", access = [\"upload\"] } } }",
            &["`a.f` now grants `upload`"],
        );
        check(
            "inputs.a = { type = \"path\", access = [\"write if b\"] }\ninputs.b = { type = \"boolean\" }",
            "inputs.a = { type = \"path\", access = [\"write if b\"] }\ninputs.b = { type = \"boolean\", default = true }",
            &["`a` now grants `write` where a step says nothing of `b`"],
        );
    }

    #[test]
    fn urls_and_targets() {
        check_input(
            "type = \"url\"",
            "type = \"url\", match = \"prefix\", methods = [\"GET\", \"delete\"]",
            &[
                "`a` now grants more of its site: `prefix`, before `exact`",
                "`a` now grants requests with DELETE",
            ],
        );
        let chosen = |values: &str, default: &str| {
            format!(
                "inputs.m = {{ type = \"enum\", values = [{values}], default = \"{default}\" }}\ninputs.a = {{ type = \"url\", methods = \"input(m)\" }}"
            )
        };
        let listed = |values: &str| {
            chosen("\"GET\", \"POST\"", "GET").replace("\"input(m)\"", &format!("[{values}]"))
        };
        let both = chosen("\"GET\", \"POST\"", "GET");
        check(&listed("\"GET\", \"POST\""), &both, &[]);
        check(&both, &both, &[]);
        check(
            &both,
            &listed("\"GET\", \"POST\""),
            &[
                "`a` now grants requests with GET",
                "`a` now grants requests with POST",
            ],
        );
        check(
            &both,
            &chosen("\"GET\", \"POST\"", "POST"),
            &["`a` now grants requests with POST where a step says nothing of `m`"],
        );
        check(
            &both,
            &chosen("\"GET\", \"POST\", \"PUT\"", "GET"),
            &["`a` now grants requests with PUT"],
        );
        check(&chosen("\"GET\"", "GET"), &listed("\"GET\""), &[]);
        check_input(
            "type = \"script\", on = \"t\"",
            "type = \"script\", on = \"t2\"",
            &["`a` is now for `t2`, before for `t`"],
        );
        check_input(
            "type = \"remote-path(t)\", access = [\"upload\"]",
            "type = \"remote-path(t2)\", access = [\"upload\"]",
            &["`a` is now for `t2`, before for `t`"],
        );
    }

    #[test]
    fn sinks_and_roles() {
        check_input(
            "type = \"secret\", sink = \"http-header(u)\"",
            "type = \"secret\", sink = \"http-header(u2)\"",
            &["a secret in `a` now goes to `http-header(u2)`, before to `http-header(u)`"],
        );
        check_input(
            "type = \"secret\", sink = \"http-header(u)\"",
            "type = \"secret\", sink = \"http-body(u)\"",
            &["a secret in `a` now goes to `http-body(u)`, before to `http-header(u)`"],
        );
        check_input(
            "type = \"map<string>\"",
            "type = \"map<string>\", sink = \"remote-env(s)\", role = \"script-env(s)\"",
            &[
                "`a.*` now takes a secret, which goes to `remote-env(s)`",
                "the host now reads `a.*` as `script-env(s)`",
            ],
        );
        check_input(
            "type = \"path\", access = [\"read\"]",
            "type = \"path\", access = [\"read\"], role = \"known-hosts(t)\"",
            &["the host now reads `a` as `known-hosts(t)`"],
        );
    }

    #[test]
    fn requirements() {
        let requires = |value: &str, extra: &str| {
            format!("requires.api = {{ type = \"url\", value = \"{value}\", doc = \"d\"{extra} }}")
        };
        let old = requires("https://a.example/", "");
        check("", &old, &["`https://a.example/` is now required (`api`)"]);
        check(&old, "", &[]);
        check(
            &old,
            &requires("https://b.example/", ", match = \"origin\""),
            &[
                "`requires/api` now grants more of its site: `origin`, before `exact`",
                "`https://b.example/` is now required (`api`), before `https://a.example/`",
            ],
        );
    }
}
