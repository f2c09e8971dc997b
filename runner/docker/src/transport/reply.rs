//! Answers of the engine.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::Connection;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::transport::client::with_sources;
use crate::transport::connector::Stream;
use crate::transport::request::RequestBody;

/// The largest answer that is read in one piece: an image's description is some kilobytes.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The longest line of a stream: a piece of BuildKit's trace carries what was logged in a tenth of a second.
const LINE_LIMIT: usize = 16 * 1024 * 1024;

/// The task that moves a connection's bytes; it ends, and the connection with it, when this is dropped.
pub(crate) struct ConnectionGuard(JoinHandle<()>);

impl ConnectionGuard {
    pub(crate) fn spawn(connection: Connection<TokioIo<Box<dyn Stream>>, RequestBody>) -> Self {
        Self(tokio::spawn(async move {
            // What goes wrong here is told to whoever waits for the answer or reads it.
            let _ = connection.with_upgrades().await;
        }))
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An answer whose head is there. Dropping it closes the connection.
pub(crate) struct Reply {
    response: Response<Incoming>,
    guard: ConnectionGuard,
}

impl Reply {
    pub(crate) fn new(response: Response<Incoming>, guard: ConnectionGuard) -> Self {
        Self { response, guard }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// A header's text, where it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// All of the body.
    pub(crate) async fn bytes(self, stage: Stage) -> Result<Bytes, DockerError> {
        let mut body = self.response.into_body();
        let mut all = BytesMut::new();
        while let Some(bytes) = next(&mut body, stage).await? {
            if all.len() + bytes.len() > BODY_LIMIT {
                return Err(DockerError::new(
                    stage,
                    DockerErrorKind::TooLarge,
                    format!(
                        "the engine's answer is longer than {} MiB",
                        BODY_LIMIT / 1024 / 1024
                    ),
                ));
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }

    /// All of the body, as text.
    pub(crate) async fn text(self, stage: Stage) -> Result<String, DockerError> {
        let bytes = self.bytes(stage).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The body as lines.
    pub(crate) fn lines(self) -> Lines {
        Lines {
            body: self.response.into_body(),
            buffer: BytesMut::new(),
            searched: 0,
            ended: false,
            _guard: self.guard,
        }
    }

    /// The connection itself, after `101 Switching Protocols`.
    pub(crate) async fn upgraded(
        self,
        stage: Stage,
    ) -> Result<(TokioIo<Upgraded>, ConnectionGuard), DockerError> {
        let upgraded = hyper::upgrade::on(self.response).await.map_err(|error| {
            DockerError::unreachable(
                stage,
                format!("the engine gave no session: {}", with_sources(&error)),
            )
        })?;
        Ok((TokioIo::new(upgraded), self.guard))
    }
}

/// A body line by line.
pub(crate) struct Lines {
    body: Incoming,
    buffer: BytesMut,
    /// How much of the buffer holds no line feed.
    searched: usize,
    ended: bool,
    _guard: ConnectionGuard,
}

impl Lines {
    /// The next line that isn't empty, without its end.
    pub(crate) async fn next(&mut self, stage: Stage) -> Result<Option<Bytes>, DockerError> {
        loop {
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(self.searched + at + 1);
                self.searched = 0;
                while line.last().is_some_and(u8::is_ascii_whitespace) {
                    line.truncate(line.len() - 1);
                }
                if !line.is_empty() {
                    return Ok(Some(line.freeze()));
                }
                continue;
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > LINE_LIMIT {
                return Err(DockerError::new(
                    stage,
                    DockerErrorKind::TooLarge,
                    "the engine sent a line that does not end",
                ));
            }
            if self.ended {
                let last = self.buffer.split().freeze();
                self.searched = 0;
                return Ok((!last.is_empty()).then_some(last));
            }
            match next(&mut self.body, stage).await? {
                Some(bytes) => self.buffer.extend_from_slice(&bytes),
                None => self.ended = true,
            }
        }
    }
}

async fn next(body: &mut Incoming, stage: Stage) -> Result<Option<Bytes>, DockerError> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => {
                return Err(DockerError::unreachable(
                    stage,
                    format!(
                        "the connection to the engine was lost: {}",
                        with_sources(&error)
                    ),
                ));
            }
        }
    }
}
