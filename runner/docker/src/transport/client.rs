//! Operations with the engine.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bollard::errors::Error;
use bollard::{BollardRequest, ClientVersion, Docker, body_full};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::engine::ApiVersion;
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::transport::connector::Connector;
use crate::transport::translate::{refusal, translate};
use crate::transport::wire::Wire;

/// For a request that the engine answers out of its own memory.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// Bollard's own clock, in seconds, runs until an answer begins; the classic builder's begins when it has the whole
/// context, which takes as long as it takes. What has a limit is limited by [`Call::answer`].
const NO_LIMIT: u64 = u64::MAX;

/// The largest refusal that is read: an error's text is some kilobytes at most.
const REFUSAL_LIMIT: usize = 1024 * 1024;

/// The engine's address, and the version of its interface that is spoken. Clones are cheap.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) connector: Arc<Connector>,
    /// None until the version is agreed.
    pub(crate) api: Option<ApiVersion>,
}

/// One operation: a bollard client whose connections end when this is dropped.
pub(crate) struct Call {
    pub(crate) docker: Docker,
    wire: Arc<Wire>,
}

/// How the engine words a refusal.
#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Client {
    /// Begins an operation.
    pub(crate) fn call(&self, stage: Stage) -> Result<Call, DockerError> {
        self.call_with(stage, HeaderMap::new())
    }

    /// Begins an operation whose requests carry these headers. (Bollard's own credentials are plain texts that nobody
    /// wipes, in an alphabet of base64 that engines do not read.)
    pub(crate) fn call_with(&self, stage: Stage, headers: HeaderMap) -> Result<Call, DockerError> {
        let wire = Arc::new(Wire {
            stage,
            connector: Arc::clone(&self.connector),
            prefix: self.api.map_or_else(String::new, |api| format!("/v{api}")),
            headers,
            connections: Mutex::new(JoinSet::new()),
        });
        let transport = {
            let wire = Arc::clone(&wire);
            move |request: BollardRequest| {
                let wire = Arc::clone(&wire);
                async move {
                    // Bollard hands the error through, and `translate` takes it out again.
                    wire.send(request).await.map_err(|error| Error::IOError {
                        err: io::Error::other(error),
                    })
                }
            }
        };
        let api = self.api.unwrap_or(ApiVersion::NEWEST);
        let version = ClientVersion {
            major_version: api.0.into(),
            minor_version: api.1.into(),
        };
        let docker = Docker::connect_with_custom_transport(
            transport,
            Some("http://docker"),
            NO_LIMIT,
            &version,
        )
        .map_err(|error| translate(stage, &self.connector, error))?;
        Ok(Call { docker, wire })
    }
}

impl Call {
    /// What bollard was asked and is answered at once.
    pub(crate) async fn answer<T>(
        &self,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, DockerError> {
        self.limited(async { asked.await.map_err(|error| self.translate(error)) })
            .await
    }

    /// Gives up what isn't answered in time.
    pub(crate) async fn limited<T>(
        &self,
        asked: impl Future<Output = Result<T, DockerError>>,
    ) -> Result<T, DockerError> {
        match tokio::time::timeout(ANSWER_LIMIT, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(DockerError::new(
                self.wire.stage,
                DockerErrorKind::Timeout,
                format!(
                    "the engine at {} did not answer within {} s",
                    self.wire.connector,
                    ANSWER_LIMIT.as_secs()
                ),
            )),
        }
    }

    /// A request that bollard has no function for. The answer is there as soon as its head is; a refusal is an error.
    pub(crate) async fn send(
        &self,
        request: http::request::Builder,
        body: Bytes,
    ) -> Result<Response<Incoming>, DockerError> {
        let stage = self.wire.stage;
        let request = request
            .body(body_full(body))
            .map_err(|error| DockerError::internal(stage, error.to_string()))?;
        let response = self.wire.send(request).await?;
        let status = response.status();
        if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(response);
        }
        // Of a refusal that cannot be read, the status remains.
        let text = Limited::new(response.into_body(), REFUSAL_LIMIT)
            .collect()
            .await
            .map_or_else(|_| Bytes::new(), |body| body.to_bytes());
        let message = match serde_json::from_slice::<Refusal>(&text) {
            Ok(refusal) => refusal.message,
            Err(_) => String::from_utf8_lossy(&text).trim().to_owned(),
        };
        Err(refusal(stage, status.as_u16(), &message))
    }

    /// A path with a query, or with more of one.
    pub(crate) fn target(&self, path: &str, query: &impl Serialize) -> Result<String, DockerError> {
        serde_urlencoded::to_string(query)
            .map(|query| {
                let sign = if path.contains('?') { '&' } else { '?' };
                format!("{path}{sign}{query}")
            })
            .map_err(|error| DockerError::internal(self.wire.stage, error.to_string()))
    }

    /// Bollard's error as one of this operation.
    pub(crate) fn translate(&self, error: Error) -> DockerError {
        translate(self.wire.stage, &self.wire.connector, error)
    }
}
