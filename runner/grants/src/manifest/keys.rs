//! Which keys of a declaration mean something for which type: the others are mistakes, since what is written must hold.

use super::declaration::InputDeclaration;
use super::model::Kind;

/// The keys that are set and say nothing of this type. `access`, `sink` and `role` have messages of their own.
pub(super) fn meaningless(declared: &InputDeclaration, kind: &Kind) -> Vec<&'static str> {
    let is_number = matches!(kind, Kind::Integer { .. } | Kind::Number { .. });
    let is_string = matches!(kind, Kind::String { .. });
    let is_url = matches!(kind, Kind::Url { .. });
    [
        ("min", declared.min.is_some(), is_number || is_string),
        ("max", declared.max.is_some(), is_number || is_string),
        ("pattern", declared.pattern.is_some(), is_string),
        (
            "values",
            !declared.values.is_empty(),
            matches!(kind, Kind::Enum(_)),
        ),
        (
            "on",
            declared.on.is_some(),
            matches!(kind, Kind::Script { .. }),
        ),
        ("match", declared.url_match.is_some(), is_url),
        ("methods", !declared.methods.is_empty(), is_url),
        (
            "item",
            declared.item.is_some(),
            matches!(kind, Kind::List(_)),
        ),
        (
            "value",
            declared.value.is_some(),
            matches!(kind, Kind::Map(_)),
        ),
        (
            "fields",
            !declared.fields.is_empty(),
            matches!(kind, Kind::Record(_)),
        ),
        (
            "any-of",
            !declared.any_of.is_empty(),
            matches!(kind, Kind::Record(_)),
        ),
    ]
    .into_iter()
    .filter_map(|(key, is_set, has_meaning)| (is_set && !has_meaning).then_some(key))
    .collect()
}
