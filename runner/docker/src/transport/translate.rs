//! Bollard's errors as this crate's.

use bollard::errors::Error;
use http::StatusCode;
use serde_json::json;

use crate::error::{DockerError, DockerErrorKind, Stage, kind_of_text, lower_first};
use crate::transport::connector::Connector;

/// What bollard's error means.
pub(crate) fn translate(stage: Stage, engine: &Connector, error: Error) -> DockerError {
    match error {
        Error::DockerResponseServerError {
            status_code,
            message,
        } => refusal(stage, status_code, &message),
        Error::DockerStreamError { error } => {
            DockerError::new(stage, kind_of_text(&error), lower_first(error.trim()))
        }
        // The transport's own errors come back as they were.
        Error::IOError { err } => match err.downcast::<DockerError>() {
            Ok(own) => own,
            Err(error) => lost(stage, engine, &error),
        },
        Error::HyperResponseError { err } => lost(stage, engine, &err),
        Error::JsonDataError { message, .. } => unreadable(stage, &message),
        Error::JsonSerdeError { err } => unreadable(stage, &err.to_string()),
        other => DockerError::internal(stage, lower_first(&other.to_string())),
    }
}

/// What a refusal's status and its text mean.
pub(crate) fn refusal(stage: Stage, status: u16, message: &str) -> DockerError {
    let by_text = kind_of_text(message);
    let code = StatusCode::from_u16(status).unwrap_or_default();
    let kind = match code {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => DockerErrorKind::Unauthorized,
        StatusCode::NOT_FOUND => DockerErrorKind::NotFound,
        StatusCode::CONFLICT => DockerErrorKind::Conflict,
        StatusCode::BAD_REQUEST if by_text == DockerErrorKind::Peer => DockerErrorKind::Invalid,
        _ => by_text,
    };
    let shown = if message.is_empty() {
        format!("the engine answered {code}")
    } else {
        format!("the engine refused: {}", lower_first(message.trim()))
    };
    DockerError::new(stage, kind, shown).with_details(json!({
        "status": status,
        "message": message,
    }))
}

/// The connection broke.
pub(crate) fn lost(stage: Stage, engine: &Connector, error: &dyn std::error::Error) -> DockerError {
    DockerError::unreachable(
        stage,
        format!(
            "the connection to the engine at {engine} was lost: {}",
            with_sources(error)
        ),
    )
}

/// An answer that is none.
pub(crate) fn unreadable(stage: Stage, why: &str) -> DockerError {
    DockerError::new(
        stage,
        DockerErrorKind::Peer,
        format!("the engine's answer could not be read: {why}"),
    )
}

/// An error's text with those of what caused it: hyper's own say little.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn errors_of_bollard_keep_their_meaning() {
        let own = DockerError::new(Stage::Push, DockerErrorKind::Timeout, "gone");
        for (error, kind, words) in [
            (
                Error::DockerResponseServerError {
                    status_code: 409,
                    message: "In use".into(),
                },
                DockerErrorKind::Conflict,
                "the engine refused: in use",
            ),
            (
                Error::DockerResponseServerError {
                    status_code: 500,
                    message: String::new(),
                },
                DockerErrorKind::Peer,
                "the engine answered 500",
            ),
            (
                Error::DockerStreamError {
                    error: "Unauthorized: no".into(),
                },
                DockerErrorKind::Unauthorized,
                "unauthorized: no",
            ),
            (
                Error::IOError {
                    err: io::Error::other(own),
                },
                DockerErrorKind::Timeout,
                "gone",
            ),
            (
                Error::IOError {
                    err: io::ErrorKind::ConnectionReset.into(),
                },
                DockerErrorKind::Unreachable,
                "the connection to the engine at unix:///s was lost",
            ),
            (
                serde_json::from_str::<u8>("x").unwrap_err().into(),
                DockerErrorKind::Peer,
                "could not be read",
            ),
            (
                Error::APIVersionParseError {},
                DockerErrorKind::Internal,
                "failed to parse",
            ),
        ] {
            let engine = Connector::Unix(PathBuf::from("/s"));
            let error = translate(Stage::Inspect, &engine, error);
            assert_eq!(error.kind, kind, "{error}");
            assert!(
                error.message.starts_with(words) || error.message.contains(words),
                "{error}"
            );
        }
    }
}
