//! Asking the engine.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::error::{DockerError, DockerErrorKind, Stage, kind_of_text, lower_first};
use crate::transport::connector::Connector;
use crate::transport::reply::{ConnectionGuard, Reply};
use crate::transport::request::Request;

/// For a request that the engine answers out of its own memory.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// The engine's address, and the version of its interface that is spoken. Clones are cheap.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) connector: Arc<Connector>,
    /// Such as `/v1.41`; empty until the version is agreed.
    pub(crate) prefix: String,
}

/// How the engine words a refusal.
#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Client {
    /// Sends a request and gives the answer, of whatever status, as soon as its head is there.
    pub(crate) async fn open(&self, stage: Stage, request: Request) -> Result<Reply, DockerError> {
        let stream = self.connector.open(stage).await?;
        let lost = |error: &dyn std::error::Error| self.lost(stage, error);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| lost(&error))?;
        let guard = ConnectionGuard::spawn(connection);
        let mut head = http::Request::builder()
            .method(request.method.clone())
            .uri(request.target(&self.prefix));
        if let Some(headers) = head.headers_mut() {
            *headers = request.headers;
            // HTTP/1.1 requires a host; the engine ignores it.
            headers.insert(http::header::HOST, HeaderValue::from_static("docker"));
        }
        let request = head
            .body(request.body)
            .map_err(|error| DockerError::internal(stage, error.to_string()))?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| lost(&error))?;
        Ok(Reply::new(response, guard))
    }

    /// Sends a request; a refusal is an error.
    pub(crate) async fn send(&self, stage: Stage, request: Request) -> Result<Reply, DockerError> {
        let reply = self.open(stage, request).await?;
        let status = reply.status();
        if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(reply);
        }
        let text = reply.text(stage).await?;
        Err(refusal(stage, status, &text))
    }

    /// Sends a request that is answered at once, and reads all of the answer.
    pub(crate) async fn ask(&self, stage: Stage, request: Request) -> Result<Bytes, DockerError> {
        let asked = async { self.send(stage, request).await?.bytes(stage).await };
        match tokio::time::timeout(ANSWER_LIMIT, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(DockerError::new(
                stage,
                DockerErrorKind::Timeout,
                format!(
                    "the engine at {} did not answer within {} s",
                    self.connector,
                    ANSWER_LIMIT.as_secs()
                ),
            )),
        }
    }

    /// The same for an answer in JSON.
    pub(crate) async fn ask_json<T: DeserializeOwned>(
        &self,
        stage: Stage,
        request: Request,
    ) -> Result<T, DockerError> {
        let bytes = self.ask(stage, request).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            DockerError::new(
                stage,
                DockerErrorKind::Peer,
                format!("the engine's answer could not be read: {error}"),
            )
        })
    }

    fn lost(&self, stage: Stage, error: &dyn std::error::Error) -> DockerError {
        DockerError::unreachable(
            stage,
            format!(
                "the connection to the engine at {} was lost: {}",
                self.connector,
                with_sources(error)
            ),
        )
    }
}

/// An error's text with those of what caused it: hyper's own say little.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
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

/// What a status and its text mean.
pub(crate) fn refusal(stage: Stage, status: StatusCode, text: &str) -> DockerError {
    let message = match serde_json::from_str::<Refusal>(text) {
        Ok(refusal) => refusal.message,
        Err(_) => text.trim().to_owned(),
    };
    let by_text = kind_of_text(&message);
    let kind = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => DockerErrorKind::Unauthorized,
        StatusCode::NOT_FOUND => DockerErrorKind::NotFound,
        StatusCode::CONFLICT => DockerErrorKind::Conflict,
        StatusCode::BAD_REQUEST if by_text == DockerErrorKind::Peer => DockerErrorKind::Invalid,
        _ => by_text,
    };
    let shown = if message.is_empty() {
        format!("the engine answered {status}")
    } else {
        format!("the engine refused: {}", lower_first(&message))
    };
    DockerError::new(stage, kind, shown).with_details(json!({
        "status": status.as_u16(),
        "message": message,
    }))
}
