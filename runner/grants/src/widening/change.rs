//! What a widening can be, and how it is told.

use crate::manifest::{Access, UrlMatch};

/// One way in which a new manifest asks for more than the old one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Widening {
    /// What was data, or authority of another kind, is now authority.
    NewAuthority {
        /// The input: `upload.from`, `*` for a map's values, `requires/NAME` for a requirement.
        input: String,
        /// The old type's word.
        from: &'static str,
        /// The new type's word.
        to: &'static str,
    },
    /// An access word that was not asked for, or only while another input was true.
    AddedAccess {
        /// The input.
        input: String,
        /// The access.
        access: Access,
        /// The boolean input that it now hangs on.
        when: Option<String>,
    },
    /// An access hangs on an input that is now true where a step doesn't set it.
    AccessByDefault {
        /// The input.
        input: String,
        /// The access.
        access: Access,
        /// The boolean input.
        when: String,
    },
    /// More of a URL's site.
    WiderMatch {
        /// The input.
        input: String,
        /// How much it was.
        from: UrlMatch,
        /// How much it is.
        to: UrlMatch,
    },
    /// An HTTP method that was not asked for.
    AddedMethod {
        /// The input.
        input: String,
        /// The method.
        method: String,
    },
    /// The input that chooses the HTTP method has another value where a step doesn't set it.
    MethodByDefault {
        /// The input.
        input: String,
        /// The method.
        method: String,
        /// The enum that chooses.
        chosen_by: String,
    },
    /// A secret goes elsewhere.
    MovedSink {
        /// The input.
        input: String,
        /// Where it went; none where the input took no secret but one that was revealed.
        from: Option<String>,
        /// Where it goes.
        to: String,
    },
    /// A script runs, or a remote path lies, on another input's target.
    MovedTarget {
        /// The input.
        input: String,
        /// The old target.
        from: String,
        /// The new target.
        to: String,
    },
    /// The host reads the input for something that it didn't read it for: a script's environment, accepted keys.
    NewRole {
        /// The input.
        input: String,
        /// The role.
        role: String,
    },
    /// Fixed authority that was not required.
    NewRequirement {
        /// Its name.
        name: String,
        /// The value.
        value: String,
    },
    /// Fixed authority with another value.
    ChangedRequirement {
        /// Its name.
        name: String,
        /// The old value.
        from: String,
        /// The new value.
        to: String,
    },
}

impl std::fmt::Display for Widening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NewAuthority { input, from, to } => {
                write!(
                    f,
                    "`{input}` was a {from} and is now a {to}: what it is set to is granted"
                )
            }
            Self::AddedAccess {
                input,
                access,
                when: None,
            } => write!(f, "`{input}` now grants `{access}`"),
            Self::AddedAccess {
                input,
                access,
                when: Some(when),
            } => write!(f, "`{input}` now grants `{access}` while `{when}` is true"),
            Self::AccessByDefault {
                input,
                access,
                when,
            } => write!(
                f,
                "`{input}` now grants `{access}` where a step says nothing of `{when}`"
            ),
            Self::WiderMatch { input, from, to } => write!(
                f,
                "`{input}` now grants more of its site: `{}`, before `{}`",
                to.word(),
                from.word()
            ),
            Self::AddedMethod { input, method } => {
                write!(f, "`{input}` now grants requests with {method}")
            }
            Self::MethodByDefault {
                input,
                method,
                chosen_by,
            } => write!(
                f,
                "`{input}` now grants requests with {method} where a step says nothing of `{chosen_by}`"
            ),
            Self::MovedSink {
                input,
                from: Some(from),
                to,
            } => write!(
                f,
                "a secret in `{input}` now goes to `{to}`, before to `{from}`"
            ),
            Self::MovedSink {
                input,
                from: None,
                to,
            } => write!(f, "`{input}` now takes a secret, which goes to `{to}`"),
            Self::MovedTarget { input, from, to } => {
                write!(f, "`{input}` is now for `{to}`, before for `{from}`")
            }
            Self::NewRole { input, role } => {
                write!(f, "the host now reads `{input}` as `{role}`")
            }
            Self::NewRequirement { name, value } => {
                write!(f, "`{value}` is now required (`{name}`)")
            }
            Self::ChangedRequirement { name, from, to } => {
                write!(f, "`{to}` is now required (`{name}`), before `{from}`")
            }
        }
    }
}
