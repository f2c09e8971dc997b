//! File errors as plugins get to know them.

use std::io;

use capstep_grants::check::Rule;

use crate::fault::Fault;
use crate::files::FileError;
use crate::protocol::ErrorKind;

/// Folds a file error; a link that leaves is a denial.
pub(crate) fn file_fault(error: FileError, at: &str, name: &str) -> Fault {
    match error {
        FileError::LinkLeaves => Fault::denied(
            Rule::LinkLeavesPath,
            at,
            format!("a link at `{name}` leads out of what was handed over"),
        ),
        FileError::Reserved => Fault::denied(
            Rule::ReservedPath,
            at,
            format!("`{name}` leads to what is never handed to a step"),
        ),
        FileError::Io(error) => {
            let kind = match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ErrorKind::NotFound,
                io::ErrorKind::AlreadyExists
                | io::ErrorKind::IsADirectory
                | io::ErrorKind::DirectoryNotEmpty => ErrorKind::Conflict,
                io::ErrorKind::InvalidInput
                | io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidFilename => ErrorKind::Invalid,
                _ => ErrorKind::Internal,
            };
            let message = match error.kind() {
                io::ErrorKind::NotFound => format!("`{name}` is not there"),
                _ => format!("`{name}`: {error}"),
            };
            Fault::error(kind, message)
        }
    }
}
