//! BuildKit: the engine is told what to build and asks back, over a session, for what it needs.

use bollard::query_parameters::{BuildImageOptions, BuilderVersion};
use bytes::Bytes;
use http::Request;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::build::dockerfile::Dockerfile;
use crate::build::events::BuildListener;
use crate::build::failure::refusal;
use crate::build::leftovers::tidy;
use crate::build::parameters;
use crate::build::request::BuildRequest;
use crate::build::trace::Trace;
use crate::cancel::until;
use crate::context::{self, ContextSent};
use crate::engine::Engine;
use crate::error::{DockerError, Stage};
use crate::message::Message;
use crate::session::{Served, Session, random_id};
use crate::transport::client::Call;
use crate::transport::lines::Lines;

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
            Ok(_) => running.armed = false,
            // Also where it was this side that gave it up; what has ended already takes no harm.
            Err(_) => running.cancel().await,
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
            let answer = answer.map_err(|error| refusal(&request.shown, error))?;
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

    /// Has the engine end it. It goes on by itself where this future is dropped.
    async fn cancel(&mut self) {
        if let Some(task) = self.start() {
            let _ = task.await;
        }
    }

    /// Begins to, once.
    fn start(&mut self) -> Option<JoinHandle<()>> {
        if !std::mem::take(&mut self.armed) {
            return None;
        }
        let engine = self.engine.clone();
        let id = self.id.clone();
        tidy(&self.engine, async move { cancel(&engine, &id).await })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The future was dropped in the middle. Without a runtime the closed connection has to do.
        self.start();
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
    let _ = asked.await;
}
