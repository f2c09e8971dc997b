//! From a type's text to its kind, and which access words each type knows.

use super::declaration::InputDeclaration;
use super::methods::Methods;
use super::model::Kind;
use super::siblings::SiblingRef;
use super::words::{Access, call};

/// The access words that a type's author may ask for, and those it has without asking.
pub(super) struct Vocabulary {
    /// Words that `access` may hold.
    pub(super) words: &'static [Access],
    /// What the type grants where `access` says nothing.
    pub(super) implied: &'static [Access],
}

/// The vocabulary of an authority type; none for data.
pub(super) fn vocabulary(kind: &Kind) -> Vocabulary {
    let (words, implied): (&[Access], &[Access]) = match kind {
        Kind::Path => (
            &[
                Access::Read,
                Access::Write,
                Access::Upload,
                Access::Mount,
                Access::Build,
            ],
            &[],
        ),
        Kind::Url { .. } => (&[Access::Request], &[Access::Request]),
        Kind::TcpAddress => (&[Access::Connect], &[Access::Connect]),
        Kind::SshTarget => (&[Access::Script, Access::Files, Access::Exec], &[]),
        Kind::RemotePath { .. } => (
            &[
                Access::Upload,
                Access::Download,
                Access::Release,
                Access::Delete,
                Access::Read,
                Access::Write,
            ],
            &[],
        ),
        Kind::Script { .. } => (&[], &[Access::Script]),
        Kind::Image => (&[Access::Pull, Access::Build, Access::Push], &[]),
        Kind::Registry => (&[Access::Login], &[Access::Login]),
        Kind::State => (&[Access::Read, Access::Write], &[]),
        Kind::String { .. }
        | Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::Duration
        | Kind::Size
        | Kind::Enum(_)
        | Kind::Regex
        | Kind::Json
        | Kind::List(_)
        | Kind::Map(_)
        | Kind::Record(_)
        | Kind::Secret => (&[], &[]),
    };
    Vocabulary { words, implied }
}

/// Types of later issues: refused by name, so that nobody takes them for a typing mistake.
const LATER: &[&str] = &[
    "container",
    "compose-project",
    "network",
    "volume",
    "database",
    "process",
];

/// Access words of later issues, with their types.
const LATER_ACCESS: &[(&str, &str)] = &[("image", "run")];

/// Whether an access word is one that nobody obeys yet.
pub(super) fn is_later(kind: &Kind, word: &str) -> bool {
    LATER_ACCESS.contains(&(kind.word(), word))
}

/// A type's text, taken apart: `list<ssh-target>` is a list of an item that has the same declaration but for its type.
pub(super) enum TypeText<'a> {
    Scalar(Kind),
    List(Option<&'a str>),
    Map(Option<&'a str>),
    Record,
}

pub(super) fn parse_type<'a>(
    text: &'a str,
    declaration: &InputDeclaration,
) -> Result<TypeText<'a>, String> {
    let inner = |prefix: &str| {
        text.strip_prefix(prefix)
            .and_then(|rest| rest.strip_suffix('>'))
    };
    if let Some(item) = inner("list<") {
        return Ok(TypeText::List(Some(item)));
    }
    if let Some(value) = inner("map<") {
        return Ok(TypeText::Map(Some(value)));
    }
    if text.starts_with("remote-path") {
        let (_, arguments) = call(text)
            .map_err(|_| "write `remote-path(target)`: a remote path is on a target".to_owned())?;
        let [target] = arguments.as_slice() else {
            return Err("`remote-path` takes one input: `remote-path(target)`".to_owned());
        };
        return Ok(TypeText::Scalar(Kind::RemotePath {
            target: SiblingRef::parse(target)?,
        }));
    }
    let length = |bound: Option<f64>| bound.map(|bound| bound.max(0.0) as usize);
    let whole = |bound: Option<f64>| bound.map(|bound| bound as i64);
    Ok(TypeText::Scalar(match text {
        "list" => return Ok(TypeText::List(None)),
        "map" => return Ok(TypeText::Map(None)),
        "record" => return Ok(TypeText::Record),
        "string" => Kind::String {
            min: length(declaration.min),
            max: length(declaration.max),
            pattern: declaration.pattern.clone(),
        },
        "boolean" => Kind::Boolean,
        "integer" => Kind::Integer {
            min: whole(declaration.min),
            max: whole(declaration.max),
        },
        "number" => Kind::Number {
            min: declaration.min,
            max: declaration.max,
        },
        "duration" => Kind::Duration,
        "size" => Kind::Size,
        "enum" => Kind::Enum(declaration.values.clone()),
        "regex" => Kind::Regex,
        "json" => Kind::Json,
        "secret" => Kind::Secret,
        "script" => Kind::Script {
            on: declaration
                .on
                .as_deref()
                .map(SiblingRef::parse)
                .transpose()?,
        },
        "path" => Kind::Path,
        "url" => Kind::Url {
            url_match: declaration.url_match.unwrap_or_default(),
            methods: Methods::parse(&declaration.methods)?,
        },
        "tcp-address" => Kind::TcpAddress,
        "ssh-target" => Kind::SshTarget,
        "image" => Kind::Image,
        "registry" => Kind::Registry,
        "state" => Kind::State,
        later if LATER.contains(&later) => {
            return Err(format!("type `{later}` is not supported yet"));
        }
        "" => return Err("say its `type`".to_owned()),
        other => return Err(format!("`{other}` is no type")),
    }))
}
