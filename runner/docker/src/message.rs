//! The lines that the engine sends while it builds, pushes or pulls.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::transport::reply::Lines;

/// One line. Which fields are there depends on what goes on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Message {
    /// Output of the classic builder.
    pub(crate) stream: Option<String>,
    /// What a layer is at.
    pub(crate) status: Option<String>,
    /// A layer, or the kind of what is in `aux`.
    pub(crate) id: Option<String>,
    #[serde(rename = "progressDetail")]
    pub(crate) progress: Option<Progress>,
    pub(crate) error: Option<String>,
    #[serde(rename = "errorDetail")]
    pub(crate) error_detail: Option<ErrorDetail>,
    /// A result: an image's id, a digest, a piece of BuildKit's trace.
    pub(crate) aux: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Progress {
    pub(crate) current: Option<u64>,
    pub(crate) total: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorDetail {
    #[serde(default)]
    pub(crate) code: i64,
    #[serde(default)]
    pub(crate) message: String,
}

impl Message {
    /// The next message of a stream.
    pub(crate) async fn next(lines: &mut Lines, stage: Stage) -> Result<Option<Self>, DockerError> {
        match lines.next(stage).await? {
            None => Ok(None),
            Some(line) => Self::read(&line, stage).map(Some),
        }
    }

    fn read(line: &Bytes, stage: Stage) -> Result<Self, DockerError> {
        serde_json::from_slice(line).map_err(|error| {
            DockerError::new(
                stage,
                DockerErrorKind::Peer,
                format!("the engine sent a line that could not be read: {error}"),
            )
        })
    }

    /// The error that the line tells of, with the exit code it names (0 where it names none).
    pub(crate) fn failure(&self) -> Option<(String, i64)> {
        let code = self.error_detail.as_ref().map_or(0, |detail| detail.code);
        let text = self
            .error_detail
            .as_ref()
            .map(|detail| detail.message.clone())
            .filter(|text| !text.is_empty())
            .or_else(|| self.error.clone())?;
        Some((text, code))
    }
}
