//! The errors. Neither ever holds a value or a piece of one.

/// Why an entry can't be written in the format asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` can't be written: {reason}")]
pub struct EncodeError {
    /// The variable's name, never its value.
    pub name: String,
    /// What is wrong, as a lower-case fragment.
    pub reason: String,
    /// What to do about it: another format that can hold the value, or another name.
    pub hint: String,
}

impl EncodeError {
    pub(crate) fn new(name: &str, reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            reason: reason.into(),
            hint: hint.into(),
        }
    }
}

/// Where and why a `.env` file can't be read. The message quotes nothing from the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1; a byte order mark is not counted.
    pub column: usize,
    /// What is wrong, as a lower-case fragment with what to write instead.
    pub message: String,
}
