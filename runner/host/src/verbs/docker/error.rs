//! From the Docker crate's errors to the plugin's.

use capstep_docker::{DockerError, DockerErrorKind};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::protocol::{ErrorKind, VerbError};

pub(super) fn fault(error: DockerError) -> Fault {
    let kind = match error.kind {
        DockerErrorKind::Unreachable => ErrorKind::Unreachable,
        DockerErrorKind::Timeout => ErrorKind::Timeout,
        DockerErrorKind::Unauthorized => ErrorKind::Unauthorized,
        DockerErrorKind::NotFound => ErrorKind::NotFound,
        DockerErrorKind::Conflict => ErrorKind::Conflict,
        // A full disk, a failing instruction and any other refusal are told apart by the details.
        DockerErrorKind::DiskFull | DockerErrorKind::BuildFailed | DockerErrorKind::Peer => {
            ErrorKind::Peer
        }
        DockerErrorKind::Invalid | DockerErrorKind::Refused => ErrorKind::Invalid,
        DockerErrorKind::Unsupported => ErrorKind::Unsupported,
        DockerErrorKind::TooLarge => ErrorKind::TooLarge,
        DockerErrorKind::Cancelled => ErrorKind::Cancelled,
        DockerErrorKind::Internal => ErrorKind::Internal,
    };
    let mut details = match error.details {
        Value::Object(details) => details,
        _ => serde_json::Map::new(),
    };
    details.insert("docker".to_owned(), json!(error.kind.as_str()));
    Fault::Error(
        VerbError::new(kind, error.message)
            .at(error.stage.as_str())
            .with(Value::Object(details)),
    )
}
