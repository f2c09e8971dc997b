//! BuildKit: the engine is told what to build and asks back, over a session, for what it needs.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::query_parameters::{BuildImageOptions, BuilderVersion};
use bytes::Bytes;
use http::Request;
use prost::Message as _;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::build::dockerfile::Dockerfile;
use crate::build::events::{BuildEvent, BuildListener};
use crate::build::failure::{FailedInstruction, failure, refusal};
use crate::build::parameters;
use crate::build::request::BuildRequest;
use crate::build::tail::Tail;
use crate::cancel::until;
use crate::context::{self, ContextSent};
use crate::engine::Engine;
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::message::Message;
use crate::session::messages::{StatusResponse, Vertex};
use crate::session::{Served, Session, random_id};
use crate::transport::client::Call;
use crate::transport::lines::Lines;

/// How long the engine may take to end a build that was given up.
const CANCEL_LIMIT: Duration = Duration::from_secs(20);

/// The lines of the stream that carry a piece of the trace, and the image's id.
const TRACE: &str = "moby.buildkit.trace";
const IMAGE: &str = "moby.image.id";

impl Engine {
    /// Builds by BuildKit and gives the image's id, and what it took of the context.
    pub(super) async fn build_buildkit(
        &self,
        request: &BuildRequest,
        dockerfile: &Dockerfile,
        listener: &BuildListener,
        token: &CancellationToken,
    ) -> Result<(String, ContextSent), DockerError> {
        let mut running = Running::new(self.clone())?;
        let id = running.id.clone();
        let result = until(
            token,
            Stage::Build,
            self.stream_buildkit(request, dockerfile, listener, &id),
        )
        .await;
        match &result {
            Err(error) if error.kind == DockerErrorKind::Cancelled => running.cancel().await,
            _ => running.armed = false,
        }
        result
    }

    async fn stream_buildkit(
        &self,
        request: &BuildRequest,
        dockerfile: &Dockerfile,
        listener: &BuildListener,
        id: &str,
    ) -> Result<(String, ContextSent), DockerError> {
        let stage = Stage::Build;
        // What may not be sent is told before anything is, and whether or not this Dockerfile copies it.
        let source = request.source.clone();
        let path = request.dockerfile.clone();
        tokio::task::spawn_blocking(move || {
            let ignore = context::ignore_text(&source, &path, true)?;
            context::list_for_buildkit(&source, &ignore)
        })
        .await
        .map_err(|error| DockerError::internal(Stage::Context, error.to_string()))??;
        let session = Session::open(self, &request.context_name, Served::of(request)).await?;
        let call = self.client.call(stage)?;
        let target = target(&call, request, &session.id, id)?;
        let built = async {
            let answer = call.send(Request::post(target), Bytes::new()).await;
            let answer = answer.map_err(|error| refusal(&request.dockerfile, error))?;
            let mut lines = Lines::of(answer.into_body());
            let mut trace = Trace::new(request, dockerfile, listener);
            while let Some(message) = Message::next(&mut lines, stage).await? {
                trace.take(&message)?;
            }
            trace.finish()
        }
        .await;
        match (built, session.failure()) {
            (Err(_), Some(error)) => Err(error),
            (built, _) => built.map(|image| (image, session.sent())),
        }
    }
}

/// `POST /build`. Bollard's own builds by BuildKit come with a session of bollard's, and its records have no place for the
/// trace; the parameters are the same.
fn target(
    call: &Call,
    request: &BuildRequest,
    session: &str,
    id: &str,
) -> Result<String, DockerError> {
    let options = BuildImageOptions {
        remote: Some("client-session".to_owned()),
        ..parameters::options(request, BuilderVersion::BuilderBuildKit)
    };
    let names = request.tags.iter().map(|tag| ("t", tag.as_str()));
    let more: Vec<(&str, &str)> = names
        .chain([("session", session), ("buildid", id)])
        .collect();
    call.target(&call.target("/build", &options)?, &more)
}

/// A build that the engine is told to end, should it not end by itself.
struct Running {
    engine: Engine,
    id: String,
    armed: bool,
}

impl Running {
    fn new(engine: Engine) -> Result<Self, DockerError> {
        Ok(Self {
            engine,
            id: random_id(Stage::Build)?,
            armed: true,
        })
    }

    async fn cancel(&mut self) {
        self.armed = false;
        cancel(&self.engine, &self.id).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The future was dropped in the middle. Without a runtime the closed connection has to do.
        if self.armed
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let engine = self.engine.clone();
            let id = self.id.clone();
            runtime.spawn(async move { cancel(&engine, &id).await });
        }
    }
}

/// The closed session ends the build too; this, which bollard 0.21.1 has no function for, ends it sooner, and an error of
/// it changes nothing.
async fn cancel(engine: &Engine, id: &str) {
    let asked = async {
        let call = engine.client.call(Stage::Build)?;
        let target = call.target("/build/cancel", &[("id", id)])?;
        call.send(Request::post(target), Bytes::new()).await
    };
    let _ = tokio::time::timeout(CANCEL_LIMIT, asked).await;
}

/// The steps as the trace tells them.
struct Trace<'a> {
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
    fn new(
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

    fn take(&mut self, message: &Message) -> Result<(), DockerError> {
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
            self.end(vertex);
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

    fn end(&mut self, vertex: &Vertex) {
        let Some(step) = self.steps.get_mut(&vertex.digest) else {
            return;
        };
        if vertex.completed.is_some() && step.started && !step.finished {
            step.finished = true;
            step.error.clone_from(&vertex.error);
            (self.listener)(BuildEvent::Finished {
                id: vertex.digest.clone(),
                cached: vertex.cached,
                error: (!vertex.error.is_empty()).then(|| vertex.error.clone()),
            });
        }
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
        failure(&self.request.dockerfile, text, code, step)
    }

    fn finish(self) -> Result<String, DockerError> {
        self.image.ok_or_else(|| {
            DockerError::new(
                Stage::Build,
                DockerErrorKind::Peer,
                "the engine ended the build without an image",
            )
        })
    }
}
