//! The checked manifest: what the rest of the crate works with.

use serde_json::Value;

use super::methods::Methods;
use super::siblings::SiblingRef;
use super::words::{Access, Role, Sink, UrlMatch};

/// A manifest whose every reference has been resolved and whose every word is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The plugin's name.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// One sentence that says what the plugin does.
    pub description: String,
    /// The way in.
    pub abi: Abi,
    /// The inputs, in the order written: the fields of the outermost record.
    pub inputs: Vec<Input>,
    /// Groups of inputs, by name, of which a step must set at least one.
    pub any_of: Vec<Vec<String>>,
    /// Fixed authority, by name.
    pub requires: Vec<Requirement>,
    /// Outputs: name, type and doc.
    pub outputs: Vec<(String, OutputKind, String)>,
}

/// The three ways in; and the host's own, which is no plugin's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abi {
    /// `capstep:step/step`, typed imports and `run`.
    World,
    /// A WASI command that speaks JSON-RPC on its standard streams.
    Command,
    /// Any WASI program; no host verbs.
    Plain,
    /// No plugin at all: the pipeline's own script, on this machine.
    Host,
}

/// One input, or a list's item, a map's value, a record's field.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its name; empty for a list's item and a map's value.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Whether a step must set it.
    pub required: bool,
    /// The value where a step sets none.
    pub default: Option<Value>,
    /// What it means.
    pub doc: String,
    /// The accesses asked for.
    pub access: Vec<AccessRequest>,
    /// Where a secret in it goes.
    pub sink: Option<Sink>,
    /// What the host reads it for.
    pub role: Option<Role>,
    /// Of a record: groups of its fields, by name, of which at least one must be set.
    pub any_of: Vec<Vec<String>>,
}

/// One access asked for, always or while a boolean sibling is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRequest {
    /// The access.
    pub access: Access,
    /// The boolean beside the input that must be true.
    pub when: Option<String>,
}

/// An input's type.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Text, with bounds on its length in characters and a pattern.
    String {
        min: Option<usize>,
        max: Option<usize>,
        pattern: Option<String>,
    },
    /// True or false.
    Boolean,
    /// A whole number.
    Integer { min: Option<i64>, max: Option<i64> },
    /// A number.
    Number { min: Option<f64>, max: Option<f64> },
    /// `10s`, `5m`.
    Duration,
    /// `64MiB`.
    Size,
    /// One of these words.
    Enum(Vec<String>),
    /// A regular expression.
    Regex,
    /// Anything.
    Json,
    /// Several of one kind; a scalar is taken as a list of one.
    List(Box<Input>),
    /// Names of the pipeline's choosing, each with a value of one kind.
    Map(Box<Input>),
    /// Named fields.
    Record(Vec<Input>),
    /// Text that is executed at `on`; without it on this machine, by the host.
    Script { on: Option<SiblingRef> },
    /// A secret and nothing else.
    Secret,
    /// A file, folder or glob in the workspace.
    Path,
    /// An http(s) URL.
    Url {
        url_match: UrlMatch,
        methods: Methods,
    },
    /// `host:port`.
    TcpAddress,
    /// `user@host` or `user@host:port`.
    SshTarget,
    /// A path on that target.
    RemotePath { target: SiblingRef },
    /// An image's reference.
    Image,
    /// A registry's host.
    Registry,
    /// The name of small values that last between runs.
    State,
}

impl Kind {
    /// The type's word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::String { .. } => "string",
            Self::Boolean => "boolean",
            Self::Integer { .. } => "integer",
            Self::Number { .. } => "number",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Enum(_) => "enum",
            Self::Regex => "regex",
            Self::Json => "json",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Record(_) => "record",
            Self::Script { .. } => "script",
            Self::Secret => "secret",
            Self::Path => "path",
            Self::Url { .. } => "url",
            Self::TcpAddress => "tcp-address",
            Self::SshTarget => "ssh-target",
            Self::RemotePath { .. } => "remote-path",
            Self::Image => "image",
            Self::Registry => "registry",
            Self::State => "state",
        }
    }

    /// Whether a value of this type is authority by being handed over.
    pub fn carries_authority(&self) -> bool {
        match self {
            Self::Script { .. }
            | Self::Path
            | Self::Url { .. }
            | Self::TcpAddress
            | Self::SshTarget
            | Self::RemotePath { .. }
            | Self::Image
            | Self::Registry
            | Self::State => true,
            Self::String { .. }
            | Self::Boolean
            | Self::Integer { .. }
            | Self::Number { .. }
            | Self::Duration
            | Self::Size
            | Self::Enum(_)
            | Self::Regex
            | Self::Json
            | Self::List(_)
            | Self::Map(_)
            | Self::Record(_)
            | Self::Secret => false,
        }
    }

    /// Whether this type, or a part of it, carries authority or takes a secret.
    pub fn is_sensitive(&self) -> bool {
        match self {
            Self::List(item) | Self::Map(item) => item.is_sensitive(),
            Self::Record(fields) => fields.iter().any(Input::is_sensitive),
            Self::Secret => true,
            other => other.carries_authority(),
        }
    }
}

impl Input {
    /// The role of the input, or of what it holds.
    pub(crate) fn role_of_all(&self) -> Option<&Role> {
        self.role.as_ref().or(match &self.kind {
            Kind::List(item) | Kind::Map(item) => item.role_of_all(),
            _ => None,
        })
    }

    /// Whether the input, or a part of it, carries authority or takes a secret.
    pub fn is_sensitive(&self) -> bool {
        self.sink.is_some() || self.kind.is_sensitive()
    }
}

/// Fixed authority that a step grants by repeating its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    /// The type and accesses, under the requirement's name.
    pub input: Input,
    /// The value a step must repeat.
    pub value: String,
}

/// An output's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Anything.
    Json,
}

impl OutputKind {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "string" => Self::String,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "json" => Self::Json,
            _ => return None,
        })
    }

    /// Whether `value` is of this type.
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Json => true,
        }
    }

    /// The type's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Json => "json",
        }
    }
}

impl Manifest {
    /// The input of the outermost record with this name.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// The requirement with this name.
    pub fn requirement(&self, name: &str) -> Option<&Requirement> {
        self.requires
            .iter()
            .find(|requirement| requirement.input.name == name)
    }
}
