//! The JSON Schema against what is read.

use serde_json::Value;

use super::example::SSH_DEPLOY;
use super::*;
use crate::testing::BUILT_IN;

/// Whether a JSON Schema, of the kind that is generated here, accepts a value.
fn accepts(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return accepts(root, target, value);
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(Value::Array(choices)) = schema.get(word) {
            let fits = |choice| accepts(root, choice, value).is_ok();
            if !choices.iter().any(fits) {
                return Err(format!("{value} is none of {choices:?}"));
            }
        }
    }
    if let Some(kind) = schema.get("type") {
        let is = |word: &str| match word {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.is_u64() || value.is_i64(),
            "null" => value.is_null(),
            other => panic!("{other}"),
        };
        let fits = match kind {
            Value::String(word) => is(word),
            Value::Array(words) => words.iter().any(|word| is(word.as_str().unwrap())),
            other => panic!("{other}"),
        };
        if !fits {
            return Err(format!("{value} is not of type {kind}"));
        }
    }
    for word in ["enum", "const"] {
        let fits = match schema.get(word) {
            None => true,
            Some(Value::Array(values)) => values.contains(value),
            Some(only) => only == value,
        };
        if !fits {
            return Err(format!("{value} is not {}", schema[word]));
        }
    }
    if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
        for value in values {
            accepts(root, items, value)?;
        }
    }
    if let Value::Object(fields) = value {
        for (key, value) in fields {
            let property = schema.get("properties").and_then(|all| all.get(key));
            match (property, schema.get("additionalProperties")) {
                (Some(property), _) => accepts(root, property, value)?,
                (None, Some(Value::Bool(false))) => return Err(format!("unknown key {key}")),
                (None, Some(others)) => accepts(root, others, value)?,
                (None, None) => {}
            }
        }
        for required in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if !fields.contains_key(required.as_str().unwrap()) {
                return Err(format!("{required} is missing"));
            }
        }
    }
    Ok(())
}

#[test]
fn the_schema_accepts_what_is_read() {
    let schema = manifest_schema();
    for text in BUILT_IN.iter().chain(&[SSH_DEPLOY]) {
        let value: Value = toml::from_str(text).unwrap();
        assert_eq!(accepts(&schema, &schema, &value), Ok(()), "{text}");
    }
    for wrong in [
        "name = 1",
        "name = \"p\"",
        "name = \"p\"\nversion = \"1\"\ndescription = \"d\"\ntypo = 1",
        "name = \"p\"\nversion = \"1\"\ndescription = \"d\"\n[inputs.a]\ntypo = 1",
        "name = \"p\"\nversion = \"1\"\ndescription = \"d\"\nabi = \"plain\"",
    ] {
        let value: Value = toml::from_str(wrong).unwrap();
        assert!(accepts(&schema, &schema, &value).is_err(), "{wrong}");
    }
}

#[test]
fn the_schema_has_the_declarations_fields() {
    let schema = manifest_schema();
    let full = InputDeclaration {
        kind: "x".to_owned(),
        access: vec![AccessDeclaration {
            word: "read".to_owned(),
            when: Some("b".to_owned()),
        }],
        required: true,
        default: Some(Value::Bool(true)),
        doc: "d".to_owned(),
        examples: vec![Value::Bool(true)],
        sink: Some("s".to_owned()),
        role: Some("r".to_owned()),
        on: Some("o".to_owned()),
        values: vec!["v".to_owned()],
        min: Some(1.0),
        max: Some(1.0),
        pattern: Some("p".to_owned()),
        url_match: Some(UrlMatch::Exact),
        methods: MethodsDeclaration::Listed(vec!["GET".to_owned()]),
        item: Some(Box::default()),
        value: Some(Box::default()),
        fields: [("f".to_owned(), InputDeclaration::default())].into(),
        any_of: vec![vec!["f".to_owned()]],
    };
    let output = OutputDeclaration {
        kind: "json".to_owned(),
        doc: "d".to_owned(),
    };
    let requirement = RequirementDeclaration {
        kind: "url".to_owned(),
        value: "v".to_owned(),
        doc: "d".to_owned(),
        access: full.access.clone(),
        url_match: full.url_match,
        methods: vec!["GET".to_owned()],
    };
    let manifest = ManifestDeclaration {
        name: "n".to_owned(),
        version: "v".to_owned(),
        description: "d".to_owned(),
        world: Some("w".to_owned()),
        abi: Some(AbiName::Command),
        protocol: Some(1),
        any_of: vec![vec!["a".to_owned()]],
        inputs: [("a".to_owned(), full.clone())].into(),
        requires: [("a".to_owned(), requirement.clone())].into(),
        outputs: [("a".to_owned(), output.clone())].into(),
    };
    let names = |value: &Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    let check = |value: Value, properties: &str| {
        assert_eq!(
            names(&value),
            names(schema.pointer(properties).unwrap()),
            "{properties}"
        );
    };
    check(serde_json::to_value(&manifest).unwrap(), "/properties");
    check(
        serde_json::to_value(&full).unwrap(),
        "/$defs/InputDeclaration/properties",
    );
    check(
        serde_json::to_value(&requirement).unwrap(),
        "/$defs/RequirementDeclaration/properties",
    );
    check(
        serde_json::to_value(&output).unwrap(),
        "/$defs/OutputDeclaration/properties",
    );
}
