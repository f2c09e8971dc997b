//! The lines of answers that are read without bollard: BuildKit's builds, whose trace its records have no place for, and
//! pushes, whose layers and digest they leave out.

use bollard::models::{ErrorDetail, ProgressDetail};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{DockerError, Stage};
use crate::transport::lines::Lines;
use crate::transport::translate::unreadable;

/// One line. Which fields are there depends on what goes on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Message {
    /// What a layer is at.
    pub(crate) status: Option<String>,
    /// A layer, or the kind of what is in `aux`.
    pub(crate) id: Option<String>,
    #[serde(rename = "progressDetail")]
    pub(crate) progress: Option<ProgressDetail>,
    error: Option<String>,
    #[serde(rename = "errorDetail")]
    error_detail: Option<ErrorDetail>,
    /// A result: an image's id, a digest, a piece of BuildKit's trace.
    pub(crate) aux: Option<Value>,
}

impl Message {
    /// The next message of an answer.
    pub(crate) async fn next(lines: &mut Lines, stage: Stage) -> Result<Option<Self>, DockerError> {
        match lines.next(stage).await? {
            None => Ok(None),
            Some(line) => serde_json::from_str(&line)
                .map(Some)
                .map_err(|error| unreadable(stage, &error.to_string())),
        }
    }

    /// The error that the line tells of, with the exit code it names (0 where it names none).
    pub(crate) fn failure(&self) -> Option<(String, i64)> {
        let detail = self.error_detail.as_ref();
        let code = detail.and_then(|detail| detail.code).unwrap_or(0);
        let text = detail
            .and_then(|detail| detail.message.clone())
            .filter(|text| !text.is_empty())
            .or_else(|| self.error.clone())?;
        Some((text, code))
    }
}
