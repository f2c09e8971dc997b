//! BuildKit's report on a build: what has changed in its steps, piece by piece.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde_json::Value;

use crate::build::caches::{imported, missing};
use crate::build::dockerfile::Dockerfile;
use crate::build::events::{BuildEvent, BuildListener};
use crate::build::failure::{FailedInstruction, failure};
use crate::build::request::BuildRequest;
use crate::build::tail::Tail;
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::message::Message;
use crate::session::messages::{StatusResponse, Vertex};

/// The lines of the stream that carry a piece of the trace, and the image's id.
const TRACE: &str = "moby.buildkit.trace";
const IMAGE: &str = "moby.image.id";

/// The steps as the trace tells them.
pub(super) struct Trace<'a> {
    request: &'a BuildRequest,
    dockerfile: &'a Dockerfile,
    listener: &'a BuildListener,
    steps: BTreeMap<String, Step>,
    image: Option<String>,
}

#[derive(Default)]
struct Step {
    name: String,
    line: Option<u32>,
    started: bool,
    finished: bool,
    error: String,
    tail: Tail,
}

impl<'a> Trace<'a> {
    pub(super) fn new(
        request: &'a BuildRequest,
        dockerfile: &'a Dockerfile,
        listener: &'a BuildListener,
    ) -> Self {
        Self {
            request,
            dockerfile,
            listener,
            steps: BTreeMap::new(),
            image: None,
        }
    }

    pub(super) fn take(&mut self, message: &Message) -> Result<(), DockerError> {
        if let Some((text, code)) = message.failure() {
            return Err(self.failed(&text, code));
        }
        match (message.id.as_deref(), &message.aux) {
            (Some(TRACE), Some(Value::String(text))) => self.take_trace(text),
            (Some(IMAGE), Some(aux)) => {
                if let Some(id) = aux.get("ID").and_then(Value::as_str) {
                    self.image = Some(id.to_owned());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_trace(&mut self, text: &str) -> Result<(), DockerError> {
        let unreadable = |error: &dyn std::fmt::Display| {
            DockerError::new(
                Stage::Build,
                DockerErrorKind::Peer,
                format!("the engine's report on the build could not be read: {error}"),
            )
        };
        let bytes = STANDARD.decode(text).map_err(|error| unreadable(&error))?;
        let status =
            StatusResponse::decode(bytes.as_slice()).map_err(|error| unreadable(&error))?;
        // A step's log comes before its end, which may be in the same piece.
        for vertex in &status.vertexes {
            self.start(vertex);
        }
        for part in status.statuses {
            (self.listener)(BuildEvent::Progressed {
                what: if part.name.is_empty() {
                    part.id
                } else {
                    part.name
                },
                id: part.vertex,
                current: u64::try_from(part.current).unwrap_or(0),
                total: u64::try_from(part.total).ok().filter(|total| *total > 0),
            });
        }
        for log in status.logs {
            if let Some(step) = self.steps.get_mut(&log.vertex) {
                step.tail.push(&log.bytes);
            }
            (self.listener)(BuildEvent::Log {
                id: log.vertex,
                bytes: log.bytes,
            });
        }
        for warning in status.warnings {
            let line = warning
                .ranges
                .first()
                .and_then(|range| range.start.as_ref())
                .and_then(|start| u32::try_from(start.line).ok());
            (self.listener)(BuildEvent::Warning {
                message: String::from_utf8_lossy(&warning.short).into_owned(),
                line,
            });
        }
        for vertex in &status.vertexes {
            self.end(vertex)?;
        }
        Ok(())
    }

    fn start(&mut self, vertex: &Vertex) {
        let dockerfile = self.dockerfile;
        let step = self
            .steps
            .entry(vertex.digest.clone())
            .or_insert_with(|| Step {
                name: vertex.name.clone(),
                line: dockerfile.line_of_step(&vertex.name),
                ..Step::default()
            });
        if vertex.started.is_some() && !step.started {
            step.started = true;
            (self.listener)(BuildEvent::Started {
                id: vertex.digest.clone(),
                name: step.name.clone(),
                line: step.line,
            });
        }
    }

    fn end(&mut self, vertex: &Vertex) -> Result<(), DockerError> {
        let Some(step) = self.steps.get_mut(&vertex.digest) else {
            return Ok(());
        };
        if vertex.completed.is_some() && step.started && !step.finished {
            step.finished = true;
            // The build goes on without a cache, and its step is not what the build fails by.
            if let Some(image) = imported(&step.name)
                && !vertex.error.is_empty()
            {
                (self.listener)(missing(image, &vertex.error)?);
                (self.listener)(BuildEvent::Finished {
                    id: vertex.digest.clone(),
                    cached: false,
                    error: None,
                });
                return Ok(());
            }
            step.error.clone_from(&vertex.error);
            (self.listener)(BuildEvent::Finished {
                id: vertex.digest.clone(),
                cached: vertex.cached,
                error: (!vertex.error.is_empty()).then(|| vertex.error.clone()),
            });
        }
        Ok(())
    }

    /// The step that failed is the one whose error is part of the build's, or else one of the Dockerfile's own; others
    /// were only given up with it.
    fn failed(&mut self, text: &str, code: i64) -> DockerError {
        let steps = std::mem::take(&mut self.steps);
        let step = steps
            .into_values()
            .filter(|step| !step.error.is_empty() && !step.error.contains("context canceled"))
            .max_by_key(|step| (text.contains(&step.error), step.line.is_some()))
            .map(|step| FailedInstruction {
                name: step.name,
                line: step.line,
                exit_code: None,
                last_lines: step.tail.lines(),
            });
        failure(&self.request.shown, text, code, step)
    }

    pub(super) fn finish(self) -> Result<String, DockerError> {
        self.image.ok_or_else(|| {
            DockerError::new(
                Stage::Build,
                DockerErrorKind::Peer,
                "the engine ended the build without an image",
            )
        })
    }
}

#[cfg(test)]
mod tests;
