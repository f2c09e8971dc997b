//! Requests to granted URLs.

use crate::duration::Duration;
use crate::error::Error;
use crate::ops::Ops;
use crate::pointer::Pointer;

pub use crate::bindings::capstep::step::http::{
    Body, Credentials, Field, Header, JsonBody, Placed, Reply as Response, Request, Value,
};

/// A host with HTTP.
pub trait Http: Ops {
    /// Starts a request.
    ///
    /// # Errors
    /// `denied` for a URL or method that the input doesn't grant; `invalid`.
    fn start_send(&self, request: &Request) -> Result<Self::Op, Error>;

    /// The answer of an operation that is done, whatever its status.
    ///
    /// # Errors
    /// Why there is none: `unreachable`, `timeout`, `denied` for an address or redirect that no grant reaches.
    fn response(&self, op: &Self::Op) -> Result<Response, Error>;

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// As [`Http::start_send`] and [`Http::response`].
    fn send(&self, request: &Request) -> Result<Response, Error> {
        let op = self.start_send(request)?;
        self.wait(&op)?;
        self.response(&op)
    }
}

impl Request {
    /// A request without a body to the URL of the input at this pointer, with the host's own timeout and no redirects.
    pub fn new(method: &str, input: &Pointer) -> Self {
        Self {
            input: input.to_string(),
            url: None,
            method: method.to_owned(),
            headers: Vec::new(),
            body: Body::Empty,
            timeout: None,
            redirects: 0,
            keep: None,
            stream: false,
        }
    }

    /// The same request with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: Value) -> Self {
        self.headers.push(Field {
            name: name.to_owned(),
            value,
        });
        self
    }

    /// The same request with this timeout for the whole exchange.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout.as_nanos());
        self
    }
}

impl Response {
    /// The values of a header, whatever the case of its name.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }
}
