//! The HTTP methods that a `url` is asked for: a list, or the one that the step chooses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::call;

/// The methods of a `url` that names none: for looking only.
const LOOKING: [&str; 2] = ["GET", "HEAD"];

/// How methods are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "`methods` is a list such as [\"GET\"], or \"input(NAME)\""
)]
pub enum MethodsDeclaration {
    /// These: `["GET", "POST"]`.
    Listed(Vec<String>),
    /// `input(NAME)`: the one that the enum beside the url is set to.
    Chosen(String),
}

impl Default for MethodsDeclaration {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl MethodsDeclaration {
    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Listed(methods) if methods.is_empty())
    }
}

/// The methods of a `url`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Methods {
    /// These, whatever the step says.
    Listed(Vec<String>),
    /// The one that the enum of this name, beside the url, is set to. Its values are the most that can be granted.
    Chosen(String),
}

impl Methods {
    /// Reads what is written.
    ///
    /// # Errors
    /// A word that is no method, or a text of another form than `input(NAME)`.
    pub(super) fn parse(written: &MethodsDeclaration) -> Result<Self, String> {
        match written {
            MethodsDeclaration::Listed(methods) if methods.is_empty() => {
                Ok(Self::Listed(LOOKING.map(str::to_owned).to_vec()))
            }
            MethodsDeclaration::Listed(methods) => methods
                .iter()
                .map(|method| {
                    let upper = method.to_ascii_uppercase();
                    if is_method(&upper) {
                        Ok(upper)
                    } else {
                        Err(format!("`{}` is no HTTP method", method.escape_debug()))
                    }
                })
                .collect::<Result<_, _>>()
                .map(Self::Listed),
            MethodsDeclaration::Chosen(text) => match call(text) {
                Ok(("input", arguments)) => match arguments.as_slice() {
                    [name] if !name.is_empty() => Ok(Self::Chosen((*name).to_owned())),
                    _ => Err(shape(text)),
                },
                _ => Err(shape(text)),
            },
        }
    }
}

fn shape(text: &str) -> String {
    format!(
        "`{text}`: `methods` is a list such as `[\"GET\"]`, or `\"input(NAME)\"` with an enum beside the url"
    )
}

/// Whether a text is a method's name, in upper case.
pub(super) fn is_method(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

impl std::fmt::Display for Methods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listed(methods) => f.write_str(&methods.join(" ")),
            Self::Chosen(name) => write!(f, "by `{name}`"),
        }
    }
}
