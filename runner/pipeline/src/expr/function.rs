//! The table of functions.

/// Which function it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FunctionId {
    UrlEncode,
    ToJson,
    FromJson,
    Contains,
    StartsWith,
    EndsWith,
    Default,
    HashFiles,
    Success,
    Failure,
    Always,
    Cancelled,
}

/// A function of the language.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) id: FunctionId,
    pub(super) name: &'static str,
    /// How it is called, for messages.
    pub(super) usage: &'static str,
    /// How many values it takes, at least and at most.
    pub(super) arity: (usize, usize),
    /// Whether it takes a secret; what it gives is then a secret too.
    pub(super) takes_secrets: bool,
    /// Whether it asks how the job went so far, which only an `if` can.
    pub(super) is_status: bool,
    /// Whether it looks at files, which are there only while the pipeline runs.
    pub(super) reads_files: bool,
}

/// The most patterns that `hashFiles` takes.
const MAX_PATTERNS: usize = 32;

const fn function(
    id: FunctionId,
    name: &'static str,
    usage: &'static str,
    arity: usize,
) -> Function {
    Function {
        id,
        name,
        usage,
        arity: (arity, arity),
        takes_secrets: matches!(id, FunctionId::UrlEncode | FunctionId::Default),
        is_status: matches!(
            id,
            FunctionId::Success | FunctionId::Failure | FunctionId::Always | FunctionId::Cancelled
        ),
        reads_files: matches!(id, FunctionId::HashFiles),
    }
}

pub(super) static FUNCTIONS: &[Function] = &[
    function(FunctionId::UrlEncode, "urlencode", "urlencode(text)", 1),
    function(FunctionId::ToJson, "toJSON", "toJSON(value)", 1),
    function(FunctionId::FromJson, "fromJSON", "fromJSON(text)", 1),
    function(
        FunctionId::Contains,
        "contains",
        "contains(text or list, part)",
        2,
    ),
    function(
        FunctionId::StartsWith,
        "startsWith",
        "startsWith(text, start)",
        2,
    ),
    function(FunctionId::EndsWith, "endsWith", "endsWith(text, end)", 2),
    function(
        FunctionId::Default,
        "default",
        "default(value, otherwise)",
        2,
    ),
    Function {
        arity: (1, MAX_PATTERNS),
        ..function(
            FunctionId::HashFiles,
            "hashFiles",
            "hashFiles(pattern, …)",
            1,
        )
    },
    function(FunctionId::Success, "success", "success()", 0),
    function(FunctionId::Failure, "failure", "failure()", 0),
    function(FunctionId::Always, "always", "always()", 0),
    function(FunctionId::Cancelled, "cancelled", "cancelled()", 0),
];

pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
