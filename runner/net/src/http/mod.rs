//! HTTP/1.1 requests, over TCP or TLS, each on a connection of its own.
//!
//! - Where a request goes is decided by the checked URL alone: the request line is in origin form and `Host` is ours; a
//!   caller's header that would steer connection or framing is refused.
//! - The whole exchange, redirects and body included, has one deadline. Head and body of the answer are bounded; a body
//!   is read as the caller asks for it, so memory stays flat.
//! - Redirects are followed only where asked for; each one is put to the caller's check, and its connection is dialed,
//!   resolved and judged anew. Credentials don't cross origins.
//! - Bodies are handed over as they are: nothing is decompressed, and no `Accept-Encoding` is sent unless the caller
//!   does. There are no cookies, no cache, no proxy and no retries.

mod body;
mod exchange;
mod headers;
mod redirect;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

pub use hyper::body::Bytes;
use tokio::time::Instant;
use url::{Position, Url};

use crate::dial::Dialer;
use crate::error::{NetError, NetErrorKind};
use crate::rule::Designation;
use crate::tls::{TlsInfo, TlsOptions};

pub use body::{Body, BodyAborted, BodyStream};

/// The longest that an exchange may be given. More would only serve to overflow the clock.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The limit of a body where the caller names none: enough for any API's answer.
pub const DEFAULT_MAX_BODY: u64 = 16 * 1024 * 1024;

/// The time of an exchange where the caller names none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A request. Its `Debug` form shows no values of headers, no query and no body.
pub struct HttpRequest {
    /// The method, in upper case. `CONNECT` and `TRACE` are refused.
    pub method: String,
    /// An http or https URL without user name and password. Its fragment is not sent.
    pub url: Url,
    /// Headers in order; several of one name are allowed. `user-agent` and `accept` have defaults.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Names of headers (in any case) that hold a secret: like `authorization` and `cookie`, which always count as
    /// such, they are not sent to another origin.
    pub secret_headers: Vec<String>,
    /// The body.
    pub body: Body,
    /// Whether the body holds a secret: then a redirect to another origin that would send it there fails.
    pub secret_body: bool,
    /// For the whole exchange, redirects and the answer's body included; at most [`MAX_TIMEOUT`].
    pub timeout: Duration,
    /// How many redirects to follow. With 0, a redirect is an answer like any other.
    pub redirects: u8,
    /// How many bytes the answer's body may have.
    pub max_body: u64,
    /// Settings for https.
    pub tls: TlsOptions,
}

impl HttpRequest {
    /// A request without headers and body, with the default limits, that follows no redirects.
    pub fn new(method: &str, url: Url) -> Self {
        Self {
            method: method.to_owned(),
            url,
            headers: Vec::new(),
            secret_headers: Vec::new(),
            body: Body::Empty,
            secret_body: false,
            timeout: DEFAULT_TIMEOUT,
            redirects: 0,
            max_body: DEFAULT_MAX_BODY,
            tls: TlsOptions::default(),
        }
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &&self.url[..Position::AfterPath])
            .field("headers", &names)
            .field("body", &self.body)
            .field("timeout", &self.timeout)
            .field("redirects", &self.redirects)
            .field("max_body", &self.max_body)
            .finish_non_exhaustive()
    }
}

/// An answer, whose body is yet to be read.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, to be read in time.
    pub body: BodyStream,
    /// Where the answer came from, after redirects.
    pub url: Url,
    /// How many redirects were followed.
    pub redirects: u8,
    /// The address that answered.
    pub peer: SocketAddr,
    /// What the last connection's TLS handshake showed; none for http.
    pub tls: Option<TlsInfo>,
    /// From the start of the first connection to the end of this answer's head.
    pub latency: Duration,
    /// What the journal should say about the addresses, one for each connection that has a note.
    pub notes: Vec<String>,
}

impl HttpResponse {
    /// The first value of the header `name` (in lower case).
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }
}

/// The check of a redirect: the URL and method of the next request to how its host is designated
/// ([`Designation::RunTime`] unless the pipeline's own text names that very host), or why it is denied.
pub type RedirectCheck<'a> = dyn Fn(&Url, &str) -> Result<Designation, String> + Send + Sync + 'a;

/// Sends `request`, whose URL's host is designated as `designation`, and gives the answer once its head is there.
///
/// Every redirect is put to `check_redirect` before it is followed.
///
/// # Errors
/// - `Invalid` for a request that is wrong in itself, before anything is sent; `Cancelled` if its body broke off.
/// - `Name`, `Refused`, `Unreachable`, `Timeout` as [`Dialer::dial`]; `Refused` also for a denied redirect.
/// - `Tls`, `Http`, `TooLarge` for what the peer does.
pub async fn send(
    dialer: &Dialer,
    designation: Designation,
    request: HttpRequest,
    check_redirect: &RedirectCheck<'_>,
) -> Result<HttpResponse, NetError> {
    let start = Instant::now();
    let deadline = start + request.timeout.min(MAX_TIMEOUT);
    let limit = request.redirects;
    let mut hop = redirect::Hop::first(designation, request)?;
    let mut notes = Vec::new();
    let mut followed = 0;
    loop {
        let answer = exchange::exchange(dialer, &mut hop, deadline).await?;
        notes.extend(answer.note);
        let head = &answer.head;
        let location = match redirect::location(head.status, &head.headers) {
            Some(location) if limit > 0 => location?,
            _ => {
                return Ok(HttpResponse {
                    status: head.status.as_u16(),
                    headers: headers::from_response(&head.headers),
                    body: BodyStream::new(
                        answer.incoming,
                        answer.connection,
                        deadline,
                        hop.max_body,
                        &hop.url,
                    ),
                    url: hop.url,
                    redirects: followed,
                    peer: answer.peer,
                    tls: answer.tls,
                    latency: start.elapsed(),
                    notes,
                });
            }
        };
        if followed == limit {
            return Err(NetError::new(
                NetErrorKind::Http,
                format!(
                    "more than {limit} redirects; the last one leads to {}",
                    redirect::shown(&hop.url, &location)
                ),
            ));
        }
        followed += 1;
        hop = hop.redirected(head.status, &location, check_redirect)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secrets() {
        let url = Url::parse("https://a.example/path?token=s3cret").unwrap();
        let mut request = HttpRequest::new("POST", url);
        request.headers = vec![("X-Token".to_owned(), b"s3cret".to_vec())];
        request.body = Body::Bytes("s3cret".into());
        let shown = format!("{request:?}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("115, 51"),
            "{shown}"
        );
        assert!(
            shown.contains("https://a.example/path") && shown.contains("X-Token"),
            "{shown}"
        );
    }
}
