//! Bollard's transport.

use std::sync::{Arc, Mutex, PoisonError};

use bollard::BollardRequest;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use crate::error::{DockerError, Stage};
use crate::transport::connector::Connector;
use crate::transport::translate::lost;

/// The connections of one operation. Dropping it closes them, and the engine ends what belonged to them.
pub(super) struct Wire {
    pub(super) stage: Stage,
    pub(super) connector: Arc<Connector>,
    /// Such as `/v1.41`. Bollard 0.21.1 knows the version and leaves it out of its paths, which would have the engine
    /// answer by its newest one.
    pub(super) prefix: String,
    /// What each request carries in addition: accounts.
    pub(super) headers: HeaderMap,
    pub(super) connections: Mutex<JoinSet<()>>,
}

impl Wire {
    /// Sends a request over a connection of its own and gives the answer as soon as its head is there.
    pub(super) async fn send(
        &self,
        request: BollardRequest,
    ) -> Result<Response<Incoming>, DockerError> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        head.uri = Uri::try_from(format!("{}{path}", self.prefix))
            .map_err(|error| DockerError::internal(self.stage, error.to_string()))?;
        // HTTP/1.1 requires a host; the engine ignores it.
        head.headers
            .insert(http::header::HOST, HeaderValue::from_static("docker"));
        for (name, value) in &self.headers {
            head.headers.insert(name, value.clone());
        }
        let stream = self.connector.open(self.stage).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| lost(self.stage, &self.connector, &error))?;
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .spawn(async move {
                // What goes wrong here is told to whoever waits for the answer or reads it.
                let _ = connection.with_upgrades().await;
            });
        sender
            .send_request(Request::from_parts(head, body))
            .await
            .map_err(|error| lost(self.stage, &self.connector, &error))
    }
}
