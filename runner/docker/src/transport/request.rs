//! What the engine is asked.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use hyper::body::{Body, Frame};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::mpsc;

/// What stays as it is in a query or in a part of a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Image names keep their slashes and colons: the engine's router takes the rest of the path as the name.
const PLAIN_NAME: &AsciiSet = &PLAIN.remove(b'/').remove(b':').remove(b'@');

/// A request. `path` begins with a slash and holds no version.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    query: Vec<(&'static str, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
}

impl Request {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: RequestBody::Empty,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    pub(crate) fn body(mut self, body: RequestBody, content_type: &'static str) -> Self {
        self.headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static(content_type),
        );
        self.body = body;
        self
    }

    /// Path and query, below a prefix such as `/v1.41`.
    pub(crate) fn target(&self, prefix: &str) -> String {
        let mut target = format!("{prefix}{}", self.path);
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            target.extend(utf8_percent_encode(value, PLAIN));
        }
        target
    }
}

/// An image's name as a part of a path.
pub(crate) fn in_path(name: &str) -> String {
    utf8_percent_encode(name, PLAIN_NAME).to_string()
}

/// A request's bytes: none, one piece, or what somebody sends through a channel.
#[derive(Debug)]
pub(crate) enum RequestBody {
    Empty,
    Full(Option<Bytes>),
    /// An error ends the connection, so that the engine doesn't take a cut context for a whole one.
    Channel(mpsc::Receiver<io::Result<Bytes>>),
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Channel(receiver) => receiver
                .poll_recv(context)
                .map(|item| item.map(|item| item.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Empty | Self::Full(None))
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Empty | Self::Full(None) => hyper::body::SizeHint::with_exact(0),
            Self::Full(Some(bytes)) => hyper::body::SizeHint::with_exact(bytes.len() as u64),
            Self::Channel(_) => hyper::body::SizeHint::default(),
        }
    }
}
