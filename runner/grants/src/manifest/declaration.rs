//! The shape of `plugin.toml`, as its author writes it.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::methods::MethodsDeclaration;

/// A plugin's manifest as written in `plugin.toml` and embedded, as JSON, in the `.wasm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManifestDeclaration {
    /// The plugin's name: lower-case words joined by `-`.
    pub name: String,
    /// The plugin's version (semantic versioning).
    pub version: String,
    /// One sentence that says what the plugin does.
    pub description: String,
    /// The world the component exports: `capstep:step@0.1.0`. Either this or `abi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<String>,
    /// The other way in: `command`, JSON-RPC over standard input and output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abi: Option<AbiName>,
    /// The version of the command protocol; required with `abi = "command"`, and 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u32>,
    /// Groups of inputs of which a step must set at least one: `[["known-hosts", "host-key"]]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<Vec<String>>,
    /// The inputs, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub inputs: IndexMap<String, InputDeclaration>,
    /// Fixed authority that no input can name; a step grants it by repeating the value under `allow`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub requires: IndexMap<String, RequirementDeclaration>,
    /// The outputs, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub outputs: IndexMap<String, OutputDeclaration>,
}

/// The ways in that are not the typed world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AbiName {
    /// JSON-RPC 2.0 over standard input and output.
    Command,
    /// The pipeline's own script, run by the host: the runner's own manifest alone. No file can say this word.
    #[serde(skip)]
    #[schemars(skip)]
    Host,
}

/// One input.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InputDeclaration {
    /// The type: `string`, `path`, `ssh-target`, `list<url>`, `remote-path(target)`, ...
    #[serde(rename = "type", default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Which accesses the plugin asks for: words of the type's own vocabulary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<AccessDeclaration>,
    /// Whether a step must set the input.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// The value where a step sets none. Never on an input that carries authority or a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What the input means, in a sentence or two.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// Values that show how to write it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Value>,
    /// Where a secret in this input goes: `ssh-auth(target)`, `http-header(url)`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sink: Option<String>,
    /// What the host reads the input for: `known-hosts(target)`, `script-env(run)`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Where a script runs: the input that names its target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The values an `enum` may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The smallest number, the shortest text in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number, the longest text in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// A regular expression the whole text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// How much a `url` grants: `exact` (the default), `prefix` or `origin`.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub url_match: Option<super::words::UrlMatch>,
    /// The HTTP methods a `url` is asked for: a list, or `input(NAME)` for the one that the enum of that name, beside the
    /// url, is set to. `GET` and `HEAD` where it says none.
    #[serde(default, skip_serializing_if = "MethodsDeclaration::is_empty")]
    pub methods: MethodsDeclaration,
    /// What a list holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Box<InputDeclaration>>,
    /// What a map's keys lead to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<InputDeclaration>>,
    /// A record's fields.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fields: IndexMap<String, InputDeclaration>,
    /// Groups of a record's fields of which at least one must be set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<Vec<String>>,
}

/// One access word, alone or hung on a boolean sibling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "AccessWire", into = "AccessWire")]
#[schemars(with = "AccessWire")]
pub struct AccessDeclaration {
    /// The word: `read`, `write`, `script`, ...
    pub word: String,
    /// The boolean input beside this one that must be true.
    pub when: Option<String>,
}

/// How an access is written: `"push"`, or `"push if push"`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct AccessWire(String);

impl From<AccessWire> for AccessDeclaration {
    fn from(wire: AccessWire) -> Self {
        match wire.0.split_once(" if ") {
            Some((word, when)) => Self {
                word: word.trim().to_owned(),
                when: Some(when.trim().to_owned()),
            },
            None => Self {
                word: wire.0,
                when: None,
            },
        }
    }
}

impl From<AccessDeclaration> for AccessWire {
    fn from(access: AccessDeclaration) -> Self {
        match access.when {
            Some(when) => Self(format!("{} if {when}", access.word)),
            None => Self(access.word),
        }
    }
}

/// Fixed authority that a step grants by repeating its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RequirementDeclaration {
    /// The type, one that carries authority.
    #[serde(rename = "type")]
    pub kind: String,
    /// The value that a step must repeat under `allow`.
    pub value: String,
    /// Why the plugin needs it.
    pub doc: String,
    /// Which accesses it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<AccessDeclaration>,
    /// How much a `url` grants.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub url_match: Option<super::words::UrlMatch>,
    /// The HTTP methods a `url` is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

/// One output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OutputDeclaration {
    /// `string`, `boolean`, `integer`, `number` or `json`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the output means.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// The JSON Schema of `plugin.toml`, generated from these types.
pub fn manifest_schema() -> Value {
    let mut schema = schemars::schema_for!(ManifestDeclaration).to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), Value::from("capstep plugin manifest"));
    }
    schema
}
