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
    /// How many values it takes.
    pub(super) arity: usize,
    /// Whether it takes a secret; what it gives is then a secret too.
    pub(super) takes_secrets: bool,
    /// Whether it asks how the job went so far, which only an `if` can.
    pub(super) is_status: bool,
}

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
        arity,
        takes_secrets: matches!(id, FunctionId::UrlEncode | FunctionId::Default),
        is_status: matches!(
            id,
            FunctionId::Success | FunctionId::Failure | FunctionId::Always | FunctionId::Cancelled
        ),
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
    function(FunctionId::Success, "success", "success()", 0),
    function(FunctionId::Failure, "failure", "failure()", 0),
    function(FunctionId::Always, "always", "always()", 0),
    function(FunctionId::Cancelled, "cancelled", "cancelled()", 0),
];

pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
