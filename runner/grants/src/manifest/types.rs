//! From a type's text to its kind, and which access words each type knows.

use super::declaration::InputDeclaration;
use super::methods::Methods;
use super::model::Kind;
use super::siblings::SiblingRef;
use super::words::{Access, call};

/// The access words that a type's author may ask for, and those it has without asking.
pub(crate) struct Vocabulary {
    /// Words that `access` may hold.
    pub(crate) words: &'static [Access],
    /// What the type grants where `access` says nothing.
    pub(crate) implied: &'static [Access],
    /// Words that the type will have, and that no verb needs yet: refused by name.
    pub(crate) later: &'static [&'static str],
}

/// The vocabulary of an authority type; none for data.
pub(crate) fn vocabulary(kind: &Kind) -> Vocabulary {
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
    let later: &[&str] = match kind {
        // The plugin's own bytes to and from a server: no verb moves them.
        Kind::RemotePath { .. } => &["read", "write"],
        // Containers come later.
        Kind::Image => &["run"],
        _ => &[],
    };
    Vocabulary {
        words,
        implied,
        later,
    }
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
    Ok(TypeText::Scalar(match text {
        "list" => return Ok(TypeText::List(None)),
        "map" => return Ok(TypeText::Map(None)),
        "record" => return Ok(TypeText::Record),
        "string" => Kind::String {
            min: length("min", declaration.min)?,
            max: length("max", declaration.max)?,
            pattern: declaration.pattern.clone(),
        },
        "boolean" => Kind::Boolean,
        "integer" => Kind::Integer {
            min: whole("min", declaration.min)?,
            max: whole("max", declaration.max)?,
        },
        "number" => Kind::Number {
            min: finite("min", declaration.min)?,
            max: finite("max", declaration.max)?,
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

/// A bound of a number: the embedded manifest is JSON, which has no infinity and no NaN.
fn finite(key: &str, bound: Option<f64>) -> Result<Option<f64>, String> {
    match bound {
        Some(bound) if !bound.is_finite() => Err(format!("`{key}` is a number, not {bound}")),
        bound => Ok(bound),
    }
}

/// The largest whole number up to which every one has a spelling of its own as a floating-point number, which is what
/// bounds are read as.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// A bound that counts something whole.
fn whole(key: &str, bound: Option<f64>) -> Result<Option<i64>, String> {
    let Some(bound) = bound else {
        return Ok(None);
    };
    if bound.fract() != 0.0 || bound.abs() > LARGEST_WHOLE {
        return Err(format!(
            "`{key}` of an integer is a whole number, not {bound}"
        ));
    }
    Ok(Some(bound as i64))
}

/// A bound of a text's length, in characters.
fn length(key: &str, bound: Option<f64>) -> Result<Option<usize>, String> {
    let Some(bound) = bound else {
        return Ok(None);
    };
    if bound.fract() != 0.0 || !(0.0..=LARGEST_WHOLE).contains(&bound) {
        return Err(format!(
            "`{key}` of a string counts characters: a whole number from 0, not {bound}"
        ));
    }
    Ok(Some(bound as usize))
}
