//! The files' JSON Schemas, made from the reader's own tables of keys.

use serde_json::{Map, Value, json};

use super::cache::SAVE_WORDS;
use super::keys::{
    CACHE, CONCURRENCY, DEFAULTS, ENVIRONMENT, INCLUDE_STEP, INCLUDED, JOB, Level, PIPELINE, RETRY,
    STEP, Takes,
};
use super::names::{IDENTIFIER_PATTERN, VARIABLE_PATTERN};
use super::pipeline::FAILURES;
use super::triggers::EVENTS;

/// What the schemas are known by; they are found in the repository, not at an address.
const SCHEMA_ID: &str = "urn:capstep:pipeline:1";
/// The same of files that are included.
const INCLUDED_ID: &str = "urn:capstep:included:1";
/// The version of JSON Schema.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
/// The pattern of [`crate::units::parse_duration`].
const DURATION_PATTERN: &str = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";

/// The JSON Schema (draft 2020-12) of a pipeline file, for editors. What it can't say (names that exist, cycles,
/// expressions) is checked by [`crate::parse_pipeline`] alone.
pub fn pipeline_schema() -> Value {
    let levels = [
        ("job", &JOB),
        ("step", &STEP),
        ("include", &INCLUDE_STEP),
        ("defaults", &DEFAULTS),
        ("retry", &RETRY),
        ("environment", &ENVIRONMENT),
        ("concurrency", &CONCURRENCY),
        ("cache", &CACHE),
    ];
    schema("A capstep pipeline", SCHEMA_ID, &PIPELINE, &levels)
}

/// The same of a file that a pipeline includes.
pub fn included_schema() -> Value {
    let levels = [
        ("step", &STEP),
        ("include", &INCLUDE_STEP),
        ("retry", &RETRY),
    ];
    schema(
        "Steps that capstep pipelines include",
        INCLUDED_ID,
        &INCLUDED,
        &levels,
    )
}

fn schema(title: &str, id: &str, root: &Level, levels: &[(&str, &Level)]) -> Value {
    let mut schema = level(root);
    let definitions: Map<String, Value> = levels
        .iter()
        .map(|(name, keys)| ((*name).to_owned(), level(keys)))
        .collect();
    if let Value::Object(schema) = &mut schema {
        schema.insert("$defs".to_owned(), definitions.into());
        schema.shift_insert(0, "title".to_owned(), title.into());
        schema.shift_insert(0, "$id".to_owned(), id.into());
        schema.shift_insert(0, "$schema".to_owned(), DRAFT.into());
    }
    schema
}

fn level(level: &Level) -> Value {
    let properties: Map<String, Value> = level
        .keys
        .iter()
        .map(|key| {
            let mut schema = takes(key.takes);
            if let Value::Object(schema) = &mut schema {
                schema.insert("description".to_owned(), key.doc.into());
            }
            (key.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<&str> = level
        .keys
        .iter()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn takes(takes: Takes) -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let id = json!({ "type": "string", "pattern": IDENTIFIER_PATTERN });
    let variable = json!({ "type": "string", "pattern": VARIABLE_PATTERN });
    match takes {
        Takes::Version => json!({ "const": 1 }),
        Takes::Text => text,
        Takes::Id => id,
        Takes::Duration => {
            json!({ "type": "string", "minLength": 2, "pattern": DURATION_PATTERN })
        }
        Takes::Condition => json!({ "type": ["string", "boolean"] }),
        Takes::Secrets => json!({ "type": "array", "items": variable, "uniqueItems": true }),
        Takes::Vars => json!({
            "type": "object",
            "propertyNames": variable,
            "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
        }),
        Takes::Plugins => map_of(&id, &text),
        Takes::Jobs => {
            let mut jobs = map_of(&id, &json!({ "$ref": "#/$defs/job" }));
            if let Value::Object(jobs) = &mut jobs {
                jobs.insert("minProperties".to_owned(), 1.into());
            }
            jobs
        }
        Takes::Needs => {
            json!({ "anyOf": [id.clone(), { "type": "array", "items": id, "uniqueItems": true }] })
        }
        Takes::Outputs => map_of(&id, &json!({ "type": "string" })),
        Takes::Steps => {
            let either = json!([{ "$ref": "#/$defs/step" }, { "$ref": "#/$defs/include" }]);
            json!({ "type": "array", "items": { "anyOf": either }, "minItems": 1 })
        }
        Takes::Inputs => json!({ "type": "object" }),
        Takes::FileInputs => map_of(&id, &json!({})),
        Takes::Grants => {
            json!({ "anyOf": [map_of(&id, &json!({})), text, { "type": "array", "items": text }] })
        }
        Takes::Script => text,
        Takes::Shell => json!({ "enum": ["bash", "sh"] }),
        Takes::Paths => json!({ "anyOf": [text.clone(), { "type": "array", "items": text }] }),
        Takes::Env => map_of(
            &variable,
            &json!({ "type": ["string", "number", "boolean"] }),
        ),
        Takes::Defaults => json!({ "$ref": "#/$defs/defaults" }),
        Takes::Retry => {
            json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "$ref": "#/$defs/retry" }] })
        }
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Count => json!({ "type": "integer", "minimum": 1 }),
        Takes::Backoff => json!({ "enum": ["constant", "exponential"] }),
        Takes::Failures => {
            let kind = json!({ "enum": FAILURES });
            json!({ "anyOf": [kind.clone(), { "type": "array", "items": kind, "uniqueItems": true }] })
        }
        Takes::Caches => {
            let one = json!({ "$ref": "#/$defs/cache" });
            json!({ "anyOf": [one.clone(), { "type": "array", "items": one, "minItems": 1 }] })
        }
        Takes::Texts => {
            json!({ "anyOf": [text.clone(), { "type": "array", "items": text, "minItems": 1 }] })
        }
        Takes::Save => json!({ "enum": SAVE_WORDS }),
        Takes::Environment => json!({ "anyOf": [text, { "$ref": "#/$defs/environment" }] }),
        Takes::Concurrency => json!({ "anyOf": [text, { "$ref": "#/$defs/concurrency" }] }),
        Takes::Triggers => {
            let kinds: Vec<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
            let patterns = json!({ "anyOf": [text.clone(), { "type": "array", "items": text }] });
            let events: Map<String, Value> = EVENTS
                .iter()
                .map(|(name, filters)| {
                    let filters: Map<String, Value> = filters
                        .iter()
                        .map(|filter| ((*filter).to_owned(), patterns.clone()))
                        .collect();
                    let schema = json!({
                        "type": ["object", "null"],
                        "properties": filters,
                        "additionalProperties": false,
                    });
                    ((*name).to_owned(), schema)
                })
                .collect();
            let kind = json!({ "enum": kinds });
            json!({ "anyOf": [
                kind.clone(),
                { "type": "array", "items": kind, "minItems": 1 },
                { "type": "object", "properties": events, "additionalProperties": false, "minProperties": 1 },
            ] })
        }
        Takes::Matrix => {
            let combinations = json!({ "type": "array", "items": { "type": "object" } });
            json!({
                "type": "object",
                "properties": {
                    "include": combinations.clone(),
                    "exclude": combinations,
                    "max-parallel": { "type": "integer", "minimum": 1 },
                    "fail-fast": { "type": "boolean" },
                },
                "propertyNames": id,
                "additionalProperties": { "type": "array", "minItems": 1 },
            })
        }
    }
}

fn map_of(names: &Value, values: &Value) -> Value {
    json!({ "type": "object", "propertyNames": names, "additionalProperties": values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_has_the_keys_that_are_read() {
        let schema = pipeline_schema();
        let check = |schema: &Value, level: &Level| {
            let properties = schema["properties"].as_object().unwrap();
            let names: Vec<&str> = properties.keys().map(String::as_str).collect();
            assert_eq!(names, level.names().collect::<Vec<_>>());
            assert_eq!(schema["additionalProperties"], false);
            for (name, property) in properties {
                assert!(
                    property["description"].as_str().unwrap().ends_with('.'),
                    "{name}"
                );
            }
            let required: Vec<&str> = level
                .keys
                .iter()
                .filter(|key| key.required)
                .map(|key| key.name)
                .collect();
            assert_eq!(schema["required"], json!(required));
        };
        check(&schema, &PIPELINE);
        check(&schema["$defs"]["job"], &JOB);
        check(&schema["$defs"]["step"], &STEP);
        check(&schema["$defs"]["include"], &INCLUDE_STEP);
        check(&included_schema(), &INCLUDED);
        check(&schema["$defs"]["defaults"], &DEFAULTS);
        check(&schema["$defs"]["retry"], &RETRY);
        check(&schema["$defs"]["environment"], &ENVIRONMENT);
        check(&schema["$defs"]["concurrency"], &CONCURRENCY);
        check(&schema["$defs"]["cache"], &CACHE);
        assert!(
            serde_json::to_string(&schema)
                .unwrap()
                .starts_with(r#"{"$schema":"#)
        );
    }
}
