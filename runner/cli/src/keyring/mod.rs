//! Secrets in an age-encrypted file of the repository.
//!
//! - `identity`: which identity opens it: a flag, an environment variable that names a file, or the user's own;
//! - `file`: the file and, beside it, who can read it;
//! - `prompt`: a value from standard input, or typed without being seen.

mod file;
mod identity;
mod prompt;

pub(crate) use file::FileStore;
pub(crate) use identity::{IdentityArgument, IdentityFile};
pub(crate) use prompt::value;
