//! A grant: one designated thing, what may be done with it, and where it came from.

use capstep_pipeline::{Source, Span};
use schemars::JsonSchema;
use serde::{Serialize, Serializer, ser::SerializeSeq as _};

use crate::authority::Authority;
use crate::bind::{Provenance, RoleKind};
use crate::manifest::Access;

/// What one input of a step designates.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Grant {
    /// The input, by its JSON Pointer; `requires/NAME` for a requirement. Together with the step it is the grant's id.
    pub pointer: String,
    /// The input's type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The thing; none where it is known only when the step starts.
    pub authority: Option<Authority>,
    /// What may be done with it.
    #[serde(serialize_with = "words")]
    #[schemars(with = "Vec<String>")]
    pub access: Vec<Access>,
    /// What the plugin asks for and does not get, because the named input is false.
    #[serde(skip)]
    pub off: Vec<(Access, String)>,
    /// What the host reads it for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleKind>,
    /// What of a build context steers the build, where the path is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildSettings>,
    /// Where the value came from.
    pub provenance: Provenance,
    /// What limits a value that is known only at run time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// Where it was written.
    pub place: Place,
}

/// How a build context is built: what a reader of the plan must know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BuildSettings {
    /// The Dockerfile, within the context; none where it is known only when the step starts.
    pub dockerfile: Option<String>,
    /// What its `RUN` lines may reach: `yes`, `no`, or a network's name.
    pub network: String,
    /// Whether the registries are asked for newer base images.
    pub pull: bool,
}

impl BuildSettings {
    /// What `network` says of a build whose `RUN` lines reach nothing.
    pub(crate) const NO_NETWORK: &'static str = "no";

    /// Whether the `RUN` lines may reach anything.
    pub(crate) fn reaches_a_network(&self) -> bool {
        self.network != Self::NO_NETWORK
    }
}

impl std::fmt::Display for BuildSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dockerfile = self.dockerfile.as_deref().unwrap_or("some Dockerfile");
        write!(f, "{dockerfile}, network: {}", self.network)?;
        f.write_str(if self.pull {
            ", newer base images: yes"
        } else {
            ""
        })
    }
}

fn words<S: Serializer>(access: &[Access], serializer: S) -> Result<S::Ok, S::Error> {
    let mut words = serializer.serialize_seq(Some(access.len()))?;
    for access in access {
        words.serialize_element(access.word())?;
    }
    words.end()
}

/// A place in the pipeline file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Place {
    /// The place of a span's start.
    pub fn of(source: &Source, span: Span) -> Self {
        let file = source.file_at(span.start);
        let (line, column) = file.line_column(span.start);
        Self {
            file: file.name.to_owned(),
            line,
            column,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
