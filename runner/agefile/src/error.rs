//! What can be wrong.

use thiserror::Error;

/// Why a file can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// It doesn't begin as such files do.
    #[error("it is no age-encrypted file")]
    NotAge,
    /// It is for others.
    #[error("it is not encrypted for this identity")]
    WrongIdentity,
    /// It needs a passphrase.
    #[error("it is encrypted with a passphrase, not for recipients")]
    Passphrase,
    /// It was changed, or a part of it is missing.
    #[error("it was changed after it was written, or a part of it is missing")]
    Tampered,
    /// A later form of the format.
    #[error("it has a form that this version does not read")]
    UnknownFormat,
    /// It holds something else.
    #[error("it holds no secrets of capstep: {0}")]
    Store(StoreError),
    /// It can't be written.
    #[error("it can't be encrypted")]
    Encrypt,
}

/// Why a plain text holds no secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StoreError {
    /// It doesn't begin with the format's first line.
    #[error("its first line is another")]
    Heading,
    /// A line is no name and value.
    #[error("line {0} is no name and value")]
    Line(usize),
    /// A name stands there twice.
    #[error("line {0} repeats a name")]
    Twice(usize),
    /// A value is no text.
    #[error("the value in line {0} is no text")]
    NotText(usize),
}

/// Why a text names no recipients.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecipientError {
    /// A line is none.
    #[error("line {line}: `{text}` is no recipient: one begins with `age1`")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// A line holds an identity.
    #[error("line {line} is an identity: it is secret, and does not belong here")]
    Identity {
        /// The line, from 1.
        line: usize,
    },
    /// There is none.
    #[error("there is no recipient in it")]
    None,
}

/// Why a text holds no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// A line is none.
    #[error("line {0} is no identity: one begins with `AGE-SECRET-KEY-1`")]
    Line(usize),
    /// There is none.
    #[error("there is no identity in it")]
    None,
}
