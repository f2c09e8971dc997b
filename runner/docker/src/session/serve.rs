//! The session's connection, and which call goes where.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;
use http::header::{CONNECTION, UPGRADE};
use hyper_util::rt::TokioIo;
use sha2::{Digest, Sha256};
use tokio::task::{JoinHandle, JoinSet};

use crate::build::request::{BuildRequest, BuildSecret};
use crate::context::ContextSent;
use crate::context::ignore::clean::clean;
use crate::context::outcome::Outcome;
use crate::credentials::RegistryCredentials;
use crate::engine::Engine;
use crate::error::{DockerError, Stage};
use crate::session::auth;
use crate::session::files::Files;
use crate::session::grpc::{Incoming, Outgoing, Status, frame_prefix};
use crate::session::messages::{CredentialsRequest, GetSecretRequest};
use crate::session::secrets::Secrets;

const DIFF_COPY: &str = "/moby.filesync.v1.FileSync/DiffCopy";
const CREDENTIALS: &str = "/moby.filesync.v1.Auth/Credentials";
const GET_SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// `HealthCheckResponse { status: SERVING }`.
const SERVING: &[u8] = &[0x08, 0x01];

/// What the engine may send before it is read, for a call and for all: requests of some bytes, one for each file.
const WINDOW: u32 = 1024 * 1024;

/// What a session serves.
pub(crate) struct Served {
    files: Files,
    secrets: Secrets,
    credentials: Vec<RegistryCredentials>,
    outcome: Outcome,
}

impl Served {
    pub(crate) fn of(request: &BuildRequest) -> Self {
        let outcome = Outcome::default();
        let secrets: Vec<BuildSecret> = request.secrets.clone();
        Self {
            files: Files::new(
                request.source.clone(),
                clean(&request.dockerfile),
                outcome.clone(),
            ),
            secrets: Secrets::new(secrets),
            credentials: request.credentials.clone(),
            outcome,
        }
    }
}

/// An open session. Dropping it closes the connection, and BuildKit gives up what needs it.
pub(crate) struct Session {
    /// What the build names it by.
    pub(crate) id: String,
    outcome: Outcome,
    task: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session {
    /// Opens one. `name` is what a context is known by from one build to the next.
    pub(crate) async fn open(
        engine: &Engine,
        name: &str,
        served: Served,
    ) -> Result<Self, DockerError> {
        let stage = Stage::Build;
        let id = random_id(stage)?;
        let key = hex(&Sha256::digest(name.as_bytes()));
        let mut request = Request::post("/session")
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "h2c")
            .header("x-docker-expose-session-name", "capstep")
            .header("x-docker-expose-session-uuid", &id)
            .header("x-docker-expose-session-sharedkey", &key);
        for method in [DIFF_COPY, CREDENTIALS, GET_SECRET, HEALTH] {
            request = request.header("x-docker-expose-session-grpc-method", method);
        }
        let outcome = served.outcome.clone();
        let opened = engine.client.call(stage)?;
        let answer = opened.send(request, Bytes::new()).await?;
        let stream = hyper::upgrade::on(answer).await.map_err(|error| {
            DockerError::unreachable(stage, format!("the engine gave no session: {error}"))
        })?;
        let task = tokio::spawn(async move {
            // The connection ends with the call.
            let _opened = opened;
            let handshake = h2::server::Builder::new()
                .initial_window_size(WINDOW)
                .initial_connection_window_size(4 * WINDOW)
                .handshake::<_, Bytes>(TokioIo::new(stream));
            let Ok(mut connection) = handshake.await else {
                return;
            };
            let served = Arc::new(served);
            let mut calls = JoinSet::new();
            while let Some(Ok((request, respond))) = connection.accept().await {
                // Ended ones are forgotten as new ones come.
                while calls.try_join_next().is_some() {}
                calls.spawn(call(Arc::clone(&served), request, respond));
            }
        });
        Ok(Self { id, outcome, task })
    }

    /// Why the context could not be sent, where that is so.
    pub(crate) fn failure(&self) -> Option<DockerError> {
        self.outcome.failure()
    }

    /// What of the context was sent.
    pub(crate) fn sent(&self) -> ContextSent {
        self.outcome.sent()
    }
}

async fn call(
    served: Arc<Served>,
    request: http::Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    let (head, body) = request.into_parts();
    let mut incoming = Incoming::new(body);
    let Ok(mut outgoing) = Outgoing::begin(respond) else {
        return;
    };
    let result = match head.uri.path() {
        DIFF_COPY => {
            served
                .files
                .transfer(&head.headers, &mut incoming, &mut outgoing)
                .await
        }
        path => answer(&served, path, &mut incoming, &mut outgoing).await,
    };
    outgoing.end(&result.err().unwrap_or_else(Status::ok));
}

/// A call with one message each way.
async fn answer(
    served: &Served,
    path: &str,
    incoming: &mut Incoming,
    outgoing: &mut Outgoing,
) -> Result<(), Status> {
    let none = || Status::invalid("a call without a message");
    let frame = match path {
        CREDENTIALS => {
            let asked: CredentialsRequest = incoming.next().await?.ok_or_else(none)?;
            auth::credentials(&served.credentials, &asked)?
        }
        GET_SECRET => {
            let asked: GetSecretRequest = incoming.next().await?.ok_or_else(none)?;
            served.secrets.get(&asked)?
        }
        HEALTH => serving()?,
        _ => return Err(Status::unimplemented()),
    };
    outgoing.send_frame(frame).await
}

fn serving() -> Result<Bytes, Status> {
    let mut bytes = bytes::BytesMut::new();
    frame_prefix(&mut bytes, SERVING.len())?;
    bytes.extend_from_slice(SERVING);
    Ok(bytes.freeze())
}

/// 128 random bits as text.
pub(crate) fn random_id(stage: Stage) -> Result<String, DockerError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        DockerError::internal(stage, format!("the system gives no random bytes: {error}"))
    })?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
