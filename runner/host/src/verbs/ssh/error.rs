//! From the SSH crate's errors to the plugin's.

use capstep_grants::check::Rule;
use capstep_ssh::{SshError, SshErrorKind};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::protocol::{ErrorKind, VerbError};

pub(super) fn fault(error: SshError, pointer: &str) -> Fault {
    let kind = match error.kind {
        SshErrorKind::Outside => {
            return Fault::denied(Rule::LinkLeavesPath, pointer, error.message);
        }
        SshErrorKind::Unreachable => ErrorKind::Unreachable,
        SshErrorKind::Timeout => ErrorKind::Timeout,
        SshErrorKind::Unauthorized => ErrorKind::Unauthorized,
        SshErrorKind::KeyInvalid | SshErrorKind::Invalid => ErrorKind::Invalid,
        SshErrorKind::HostKeyUnknown
        | SshErrorKind::HostKeyMismatch
        | SshErrorKind::HostKeyRevoked
        | SshErrorKind::HostCertificate
        | SshErrorKind::Peer => ErrorKind::Peer,
        SshErrorKind::NotFound => ErrorKind::NotFound,
        SshErrorKind::Conflict => ErrorKind::Conflict,
        SshErrorKind::TooLarge => ErrorKind::TooLarge,
        SshErrorKind::Unsupported => ErrorKind::Unsupported,
        SshErrorKind::Cancelled => ErrorKind::Cancelled,
        SshErrorKind::Internal => ErrorKind::Internal,
    };
    let mut details = error.details;
    if details.is_null() {
        details = json!({});
    }
    if let Value::Object(details) = &mut details {
        details.insert("ssh".to_owned(), Value::from(error.kind.as_str()));
    }
    Fault::Error(
        VerbError::new(kind, error.message)
            .at(error.stage.as_str())
            .with(details),
    )
}
