//! Bodies: what is sent, and what is read.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body as HyperBody, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::exchange::failed;
use crate::error::{NetError, NetErrorKind};
use crate::target::Endpoint;

/// The body of a request.
#[derive(Default)]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Bytes),
    /// Bytes as they come. It can't be sent twice, so a redirect that keeps the method fails.
    Stream {
        /// The parts. The body ends when every sender is gone; an error breaks the request off.
        chunks: mpsc::Receiver<Result<Bytes, BodyAborted>>,
        /// How many bytes there will be, where known: then they are sent with a `Content-Length`, and fewer or more
        /// break the request off. Otherwise they are sent in chunks.
        length: Option<u64>,
    },
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Stream { length, .. } => write!(f, "Stream({length:?})"),
        }
    }
}

/// The source of a request's body broke off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BodyAborted(pub String);

/// The body as hyper sends it.
pub(super) enum Outgoing {
    Whole(Option<Bytes>),
    Stream {
        chunks: mpsc::Receiver<Result<Bytes, BodyAborted>>,
        left: Option<u64>,
    },
}

impl HyperBody for Outgoing {
    type Data = Bytes;
    type Error = BodyAborted;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyAborted>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream { chunks, left } => {
                let next = ready!(chunks.poll_recv(context));
                let short = || BodyAborted("the body has fewer bytes than announced".to_owned());
                let long = || BodyAborted("the body has more bytes than announced".to_owned());
                Poll::Ready(match (next, left) {
                    (Some(Err(aborted)), _) => Some(Err(aborted)),
                    (None, Some(1..)) => Some(Err(short())),
                    (None, _) => None,
                    (Some(Ok(bytes)), Some(left)) => match left.checked_sub(bytes.len() as u64) {
                        Some(rest) => {
                            *left = rest;
                            Some(Ok(Frame::data(bytes)))
                        }
                        None => Some(Err(long())),
                    },
                    (Some(Ok(bytes)), None) => Some(Ok(Frame::data(bytes))),
                })
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None) | Self::Stream { left: Some(0), .. })
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64))
            }
            Self::Stream {
                left: Some(left), ..
            } => SizeHint::with_exact(*left),
            Self::Stream { left: None, .. } => SizeHint::default(),
        }
    }
}

/// The task that moves an exchange's bytes; it ends with the exchange.
#[derive(Debug)]
pub(super) struct Connection(pub(super) AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The body of an answer. Dropping it closes the connection.
pub struct BodyStream {
    incoming: Incoming,
    deadline: Instant,
    limit: u64,
    received: u64,
    from: String,
    _connection: Connection,
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream")
            .field("from", &self.from)
            .field("received", &self.received)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl BodyStream {
    pub(super) fn new(
        incoming: Incoming,
        connection: Connection,
        deadline: Instant,
        limit: u64,
        url: &Url,
    ) -> Self {
        Self {
            incoming,
            deadline,
            limit,
            received: 0,
            from: url.host_str().unwrap_or(Endpoint::LOCALHOST).to_owned(),
            _connection: connection,
        }
    }

    /// How many bytes the server announced, if it did.
    pub fn announced(&self) -> Option<u64> {
        self.incoming
            .size_hint()
            .exact()
            .map(|rest| rest + self.received)
    }

    /// The next part, none at the end. After an error there is nothing more to be had.
    ///
    /// # Errors
    /// `TooLarge` as soon as the body is known to exceed the request's limit, `Timeout` at the exchange's deadline,
    /// `Http` if the body breaks off or is not framed properly.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, NetError> {
        if self.announced().is_some_and(|length| length > self.limit) {
            return Err(self.too_large());
        }
        loop {
            let next =
                std::future::poll_fn(|context| Pin::new(&mut self.incoming).poll_frame(context));
            let frame = match timeout_at(self.deadline, next).await {
                Err(_) => return Err(super::exchange::timed_out(&self.from, "reading the body")),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(failed(&self.from, &error)),
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers are of no use to anyone here.
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            self.received = self.received.saturating_add(bytes.len() as u64);
            if self.received > self.limit {
                return Err(self.too_large());
            }
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`BodyStream::chunk`].
    pub async fn collect(mut self) -> Result<Vec<u8>, NetError> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.chunk().await? {
            whole.extend_from_slice(&bytes);
        }
        Ok(whole)
    }

    fn too_large(&self) -> NetError {
        NetError::new(
            NetErrorKind::TooLarge,
            format!(
                "the body from `{}` is larger than {} bytes",
                self.from, self.limit
            ),
        )
        .with("stage", "body")
        .with("limit", self.limit)
    }
}
