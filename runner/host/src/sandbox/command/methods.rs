//! The names of what can be called, taken from [`Call`] itself.

use std::sync::LazyLock;

use serde_json::Value;

use crate::protocol::Call;

/// Every method, in the order of [`Call`].
static METHODS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let schema = schemars::schema_for!(Call);
    let cases = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    cases
        .iter()
        .filter_map(|case| {
            case.pointer("/properties/method/const")?
                .as_str()
                .map(str::to_owned)
        })
        .collect()
});

/// Whether there is such a method.
pub(crate) fn is_known(method: &str) -> bool {
    METHODS.iter().any(|known| known == method)
}

/// What to say to a name that there is not.
pub(crate) fn unknown(method: &str) -> String {
    let shown = super::super::outputs::cut(method.escape_debug().to_string(), 80);
    let nearest = METHODS
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, &shown), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .map(|(_, known)| format!("; did you mean `{known}`?"));
    let interface = method.split('/').next().unwrap_or_default();
    let mut siblings: Vec<&str> = METHODS
        .iter()
        .map(String::as_str)
        .filter(|known| known.split('/').next() == Some(interface))
        .collect();
    if siblings.is_empty() {
        siblings = METHODS.iter().map(String::as_str).collect();
    }
    format!(
        "there is no method `{shown}`{} (there are: {})",
        nearest.unwrap_or_default(),
        siblings.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_those_of_the_calls() {
        assert!(is_known("files/read") && is_known("op/drop") && is_known("log/end-group"));
        assert!(!is_known("files/raed") && !is_known(""));
        assert!(METHODS.len() > 40, "{METHODS:?}");
    }

    #[test]
    fn unknown_names_get_a_hint() {
        for (method, expected) in [
            (
                "tcp/conect",
                "there is no method `tcp/conect`; did you mean `tcp/connect`? (there are: tcp/connect, tcp/answer)",
            ),
            (
                "tcp/zzzzzzzzz",
                "there is no method `tcp/zzzzzzzzz` (there are: tcp/connect, tcp/answer)",
            ),
        ] {
            assert_eq!(unknown(method), expected);
        }
        assert!(unknown("x").contains("ssh/connect"));
    }
}
