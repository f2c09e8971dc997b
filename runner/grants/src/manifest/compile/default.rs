//! Whether a default is a value of its type.

use serde_json::Value;

use crate::bind::check_scalar;
use crate::manifest::model::Kind;

/// Whether a default is what a step could have set, in the form that plugins see.
pub(super) fn fits(kind: &Kind, default: &Value) -> Result<(), String> {
    let expected = |what: &str| format!("`{default}` is not {what}");
    match kind {
        Kind::List(item) => default
            .as_array()
            .ok_or_else(|| expected("a list"))?
            .iter()
            .try_for_each(|value| fits(&item.kind, value)),
        Kind::Map(item) => default
            .as_object()
            .ok_or_else(|| expected("a map"))?
            .values()
            .try_for_each(|value| fits(&item.kind, value)),
        Kind::Record(fields) => default
            .as_object()
            .ok_or_else(|| expected("a map"))?
            .iter()
            .try_for_each(
                |(key, value)| match fields.iter().find(|field| field.name == *key) {
                    Some(field) => fits(&field.kind, value),
                    None => Err(format!("there is no field `{key}`")),
                },
            ),
        _ => match check_scalar(kind, default, None)? {
            same if same == *default => Ok(()),
            text => Err(format!("write it as `{text}`")),
        },
    }
}
