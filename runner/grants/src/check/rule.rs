//! Why an act was denied.

use serde::Serialize;

use crate::grant::Place;

/// The rules that stop an act. Each has a case in `tests/` that runs into it, and one beside it that doesn't.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The pointer names no input that the manifest declares.
    UndeclaredInput,
    /// The input is of a type that carries no such authority.
    NoAuthority,
    /// The manifest doesn't ask for that access.
    AccessNotRequested,
    /// The manifest asks for that access only while another input is true, and it is false.
    AccessOff,
    /// The entry leads out of the designated path.
    OutsidePath,
    /// The repository's own data, the pipeline, its lockfile or a policy.
    ReservedPath,
    /// A link leads out of the designated path.
    LinkLeavesPath,
    /// The bytes of a file with secrets in it.
    SealedFile,
    /// Another scheme, host or port than the granted URL's.
    OtherOrigin,
    /// Another path or query than the granted URL's.
    OtherPath,
    /// A method that was not granted.
    OtherMethod,
    /// The address that a name leads to is out of bounds.
    AddressRefused,
    /// The script, path or release belongs to another target.
    OtherTarget,
    /// The two ends of a transfer were not handed over together.
    NotSiblings,
    /// The secret belongs at another sink.
    OtherSink,
    /// The pipeline did not reveal the secret.
    NotRevealed,
    /// A socket of the plugin's own.
    RawSocket,
    /// A name lookup of the plugin's own.
    NameLookup,
    /// A request through `wasi:http` where no URL was handed over, or another of its functions.
    RawHttp,
}

impl Rule {
    /// Every rule, for enumeration.
    pub const ALL: [Self; 19] = [
        Self::UndeclaredInput,
        Self::NoAuthority,
        Self::AccessNotRequested,
        Self::AccessOff,
        Self::OutsidePath,
        Self::ReservedPath,
        Self::LinkLeavesPath,
        Self::SealedFile,
        Self::OtherOrigin,
        Self::OtherPath,
        Self::OtherMethod,
        Self::AddressRefused,
        Self::OtherTarget,
        Self::NotSiblings,
        Self::OtherSink,
        Self::NotRevealed,
        Self::RawSocket,
        Self::NameLookup,
        Self::RawHttp,
    ];

    /// The documented word.
    pub fn word(self) -> &'static str {
        match self {
            Self::UndeclaredInput => "undeclared-input",
            Self::NoAuthority => "no-authority",
            Self::AccessNotRequested => "access-not-requested",
            Self::AccessOff => "access-off",
            Self::OutsidePath => "outside-path",
            Self::ReservedPath => "reserved-path",
            Self::LinkLeavesPath => "link-leaves-path",
            Self::SealedFile => "sealed-file",
            Self::OtherOrigin => "other-origin",
            Self::OtherPath => "other-path",
            Self::OtherMethod => "other-method",
            Self::AddressRefused => "address-refused",
            Self::OtherTarget => "other-target",
            Self::NotSiblings => "not-siblings",
            Self::OtherSink => "other-sink",
            Self::NotRevealed => "not-revealed",
            Self::RawSocket => "raw-socket",
            Self::NameLookup => "name-lookup",
            Self::RawHttp => "raw-http",
        }
    }
}

/// A denied act: which rule, of what, and what would grant it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Denial {
    /// The rule.
    pub rule: Rule,
    /// The input that was asked for.
    pub pointer: String,
    /// What was tried, for people.
    pub message: String,
    /// What would grant it, where anything could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The line of the pipeline that hands the input over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Why an act is not done.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// A rule forbids it: the step fails.
    Denied(Box<Denial>),
    /// The input was declared and not set: absence is no denial.
    NotSet(String),
}
