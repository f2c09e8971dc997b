//! Does a step's code say the same as its `plugin.toml`?

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Compares a step's types with its manifest. All that differs, as sentences; none: they agree.
///
/// - `minimal`: inputs that set nothing but what is required. Read as `I`, they must have the manifest's defaults, and
///   be the same when everything else is `null`.
/// - `complete`: inputs that set everything. The names in them, read as `I` (which must refuse unknown fields) and
///   written again, must be the manifest's, down into records.
/// - `outputs`: an example with every output; its names and types must be the manifest's.
///
/// Each input, field and output must have a `doc`, and each input of free form an example.
pub fn problems<I: Serialize + DeserializeOwned, O: Serialize>(
    manifest: &str,
    minimal: &Value,
    complete: &Value,
    outputs: &O,
) -> Vec<String> {
    let manifest: Value = match toml::from_str(manifest) {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("plugin.toml: {error}")],
    };
    let mut problems = Vec::new();
    let declared = table(&manifest, "inputs");
    match again::<I>(complete) {
        Ok(known) => {
            names(declared, &known, "inputs", &mut problems);
            examples(declared, &mut problems);
        }
        Err(error) => problems.push(format!("the complete inputs: {error}")),
    }
    match again::<I>(minimal) {
        Ok(known) => {
            defaults(declared, minimal, &known, &mut problems);
            // Where names or defaults differ, this would only say so again.
            if problems.is_empty() {
                nulls::<I>(declared, minimal, &known, &mut problems);
            }
        }
        Err(error) => problems.push(format!("the minimal inputs: {error}")),
    }
    match serde_json::to_value(outputs) {
        Ok(known) => check_outputs(table(&manifest, "outputs"), &known, &mut problems),
        Err(error) => problems.push(format!("the outputs: {error}")),
    }
    problems
}

fn again<I: Serialize + DeserializeOwned>(value: &Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_value::<I>(value.clone())?)
}

fn table<'a>(value: &'a Value, name: &str) -> Option<&'a Map<String, Value>> {
    value.get(name).and_then(Value::as_object)
}

fn documented(declared: &Value, at: &str, problems: &mut Vec<String>) {
    if declared
        .get("doc")
        .and_then(Value::as_str)
        .is_none_or(|doc| doc.trim().is_empty())
    {
        problems.push(format!("{at}: no doc"));
    }
}

/// The same names in the manifest and in the value, down into records, lists of records and maps of records.
fn names(
    declared: Option<&Map<String, Value>>,
    known: &Value,
    at: &str,
    problems: &mut Vec<String>,
) {
    let empty = Map::new();
    let declared = declared.unwrap_or(&empty);
    let known = known.as_object().unwrap_or(&empty);
    for name in known.keys().filter(|name| !declared.contains_key(*name)) {
        problems.push(format!("{at}.{name}: in the code and not in plugin.toml"));
    }
    for (name, declaration) in declared {
        let at = format!("{at}.{name}");
        documented(declaration, &at, problems);
        let Some(value) = known.get(name) else {
            problems.push(format!("{at}: in plugin.toml and not in the code"));
            continue;
        };
        let part = declaration
            .get("item")
            .or_else(|| declaration.get("value"))
            .unwrap_or(declaration);
        let Some(fields) = table(part, "fields") else {
            continue;
        };
        let inner = match value {
            Value::Array(items) => items.first(),
            Value::Object(map) if declaration.get("value").is_some() => map.values().next(),
            record => Some(record),
        };
        match inner {
            Some(Value::Null) | None => {
                problems.push(format!("{at}: the complete inputs don't show its fields"))
            }
            Some(inner) => names(Some(fields), inner, &at, problems),
        }
    }
}

fn examples(declared: Option<&Map<String, Value>>, problems: &mut Vec<String>) {
    for (name, declaration) in declared.into_iter().flatten() {
        let closed = matches!(
            declaration.get("type").and_then(Value::as_str),
            Some("boolean" | "enum")
        );
        let shown = declaration
            .get("examples")
            .and_then(Value::as_array)
            .is_some_and(|shown| !shown.is_empty());
        if !closed && !shown {
            problems.push(format!("inputs.{name}: no examples"));
        }
    }
}

/// The manifest's defaults are what the code takes where nothing is set.
fn defaults(
    declared: Option<&Map<String, Value>>,
    minimal: &Value,
    known: &Value,
    problems: &mut Vec<String>,
) {
    for (name, declaration) in declared.into_iter().flatten() {
        let required = declaration.get("required") == Some(&Value::Bool(true));
        match (declaration.get("default"), known.get(name)) {
            (Some(default), Some(value)) if default == value => {}
            (Some(default), value) => {
                problems.push(format!(
                    "inputs.{name}: plugin.toml's default is {default}, the code's is {value:?}"
                ));
            }
            (None, Some(value))
                if !required && minimal.get(name).is_none() && !is_nothing(value) =>
            {
                problems.push(format!(
                    "inputs.{name}: the code's default {value} is not in plugin.toml"
                ));
            }
            (None, _) if required && minimal.get(name).is_none() => {
                problems.push(format!(
                    "inputs.{name}: required, and the minimal inputs do without"
                ));
            }
            (None, _) => {}
        }
    }
}

/// The host hands over every input: what is not set and has no default is `null`, in records that are set too.
fn nulls<I: Serialize + DeserializeOwned>(
    declared: Option<&Map<String, Value>>,
    minimal: &Value,
    known: &Value,
    problems: &mut Vec<String>,
) {
    for records_are_set in [false, true] {
        let mut handed = unset(declared, records_are_set);
        handed.extend(
            minimal
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        match again::<I>(&Value::Object(handed)) {
            Ok(read) if read == *known => {}
            Ok(read) => problems.push(format!(
                "with null for what is not set the code reads {read}"
            )),
            Err(error) => problems.push(format!("with null for what is not set: {error}")),
        }
    }
}

fn unset(declared: Option<&Map<String, Value>>, records_are_set: bool) -> Map<String, Value> {
    let value =
        |declaration: &Value| match (declaration.get("default"), table(declaration, "fields")) {
            (Some(default), _) => default.clone(),
            (None, fields @ Some(_)) if records_are_set => Value::Object(unset(fields, true)),
            (None, _) => Value::Null,
        };
    declared
        .into_iter()
        .flatten()
        .map(|(name, declaration)| (name.clone(), value(declaration)))
        .collect()
}

/// What an input that is not set looks like.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_nothing),
        Value::Bool(value) => !value,
        _ => false,
    }
}

fn check_outputs(declared: Option<&Map<String, Value>>, known: &Value, problems: &mut Vec<String>) {
    let empty = Map::new();
    let declared = declared.unwrap_or(&empty);
    let known = known.as_object().unwrap_or(&empty);
    for name in known.keys().filter(|name| !declared.contains_key(*name)) {
        problems.push(format!(
            "outputs.{name}: in the code and not in plugin.toml"
        ));
    }
    for (name, declaration) in declared {
        let at = format!("outputs.{name}");
        documented(declaration, &at, problems);
        let kind = declaration
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let fits = known.get(name).map(|value| match kind {
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            _ => true,
        });
        match fits {
            None => problems.push(format!("{at}: in plugin.toml and not in the code")),
            Some(false) => problems.push(format!("{at}: the code's value is no {kind}")),
            Some(true) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inputs {
        file: String,
        #[serde(default)]
        loud: bool,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Fragile {
        #[serde(default)]
        tags: Vec<String>,
    }

    #[test]
    fn null_must_be_read() {
        let manifest = "[inputs.tags]\ntype = \"list<string>\"\ndoc = \"d\"\nexamples = [[]]\n";
        let found =
            problems::<Fragile, _>(manifest, &json!({}), &json!({ "tags": ["a"] }), &json!({}));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("with null for what is not set: invalid type: null"),
            "{found:?}"
        );
    }

    fn check(manifest: &str, expected: &[&str]) {
        let complete = json!({ "file": "a", "loud": true });
        let found = problems::<Inputs, _>(
            manifest,
            &json!({ "file": "a" }),
            &complete,
            &json!({ "size": 1 }),
        );
        assert_eq!(found, expected, "{manifest}");
    }

    #[test]
    fn what_differs_is_said() {
        let file =
            "[inputs.file]\ntype = \"path\"\nrequired = true\ndoc = \"d\"\nexamples = [\"a\"]\n";
        let loud = "[inputs.loud]\ntype = \"boolean\"\ndoc = \"d\"\ndefault = false\n";
        let size = "[outputs.size]\ntype = \"integer\"\ndoc = \"d\"\n";
        check(&format!("{file}{loud}{size}"), &[]);
        check(
            &format!("{file}{size}"),
            &["inputs.loud: in the code and not in plugin.toml"],
        );
        check(
            &format!("{file}{loud}{size}[inputs.other]\ntype = \"boolean\"\ndoc = \"d\"\n"),
            &["inputs.other: in plugin.toml and not in the code"],
        );
        check(
            &format!("{file}{}{size}", loud.replace("false", "true")),
            &["inputs.loud: plugin.toml's default is true, the code's is Some(Bool(false))"],
        );
        check(
            &format!("{file}{}{size}", loud.replace("doc = \"d\"", "")),
            &["inputs.loud: no doc"],
        );
        check(
            &format!("{}{loud}{size}", file.replace("examples = [\"a\"]", "")),
            &["inputs.file: no examples"],
        );
        check(
            &format!("{file}{loud}{}", size.replace("integer", "string")),
            &["outputs.size: the code's value is no string"],
        );
        check(
            &format!("{file}{loud}"),
            &["outputs.size: in the code and not in plugin.toml"],
        );
    }
}
