//! One request and the head of its answer, on one connection.

use std::error::Error as StdError;
use std::net::SocketAddr;

use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue};
use hyper::http::response::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use url::{Position, Url};

use super::body::{BodyAborted, Connection, Outgoing};
use super::headers::{MAX_HEAD, MAX_HEADERS};
use super::redirect::Hop;
use crate::dial::Dialer;
use crate::error::{NetError, NetErrorKind};
use crate::tls::{TlsInfo, connect, tls_error_in};

/// How much of an answer is held in memory at once: a head of the largest size and some body behind it.
const MAX_BUFFER: usize = 2 * MAX_HEAD;

/// An answer whose body is still on its way.
pub(super) struct Answer {
    pub(super) head: Parts,
    pub(super) incoming: Incoming,
    pub(super) connection: Connection,
    pub(super) peer: SocketAddr,
    pub(super) tls: Option<TlsInfo>,
    pub(super) note: Option<String>,
}

/// Sends the request of `hop` and waits for the head of the answer.
pub(super) async fn exchange(
    dialer: &Dialer,
    hop: &mut Hop,
    deadline: Instant,
) -> Result<Answer, NetError> {
    let request = build(hop)?;
    let host = hop.endpoint.host.clone();
    let left = deadline.saturating_duration_since(Instant::now());
    let dialed = dialer.dial(&hop.endpoint, left).await?;
    let (reply, tls) = if hop.url.scheme() == "https" {
        let session = timeout_at(deadline, connect(dialed.stream, &host, &hop.tls));
        let (stream, info) = session
            .await
            .map_err(|_| timed_out(&host, "the TLS handshake"))??;
        (over(stream, request, &host, deadline).await?, Some(info))
    } else {
        (over(dialed.stream, request, &host, deadline).await?, None)
    };
    let (head, incoming, connection) = reply;
    Ok(Answer {
        head,
        incoming,
        connection,
        peer: dialed.peer,
        tls,
        note: dialed.note,
    })
}

/// The request in origin form, from the checked URL alone.
fn build(hop: &mut Hop) -> Result<Request<Outgoing>, NetError> {
    let target = &hop.url[Position::BeforePath..Position::AfterQuery];
    let target: PathAndQuery = target.parse().map_err(|error| {
        NetError::invalid(format!("the URL's path or query cannot be sent: {error}"))
    })?;
    let body = hop.take_body();
    let mut request = Request::new(body);
    *request.method_mut() = hop.method.clone();
    *request.uri_mut() = Uri::from(target);
    let headers = request.headers_mut();
    headers.insert(HOST, host_header(&hop.url)?);
    headers.extend(hop.headers.clone());
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let empty = matches!(
        request.body(),
        Outgoing::Whole(None) | Outgoing::Stream { left: Some(0), .. }
    );
    if empty && matches!(hop.method, Method::POST | Method::PUT | Method::PATCH) {
        // RFC 9110, 8.6: some servers wait for a body, or answer 411, when these methods say nothing of its length.
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Ok(request)
}

/// The URL's host, with its port unless that is the scheme's own.
fn host_header(url: &Url) -> Result<HeaderValue, NetError> {
    HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort])
        .map_err(|_| NetError::invalid("the URL's host cannot be sent"))
}

async fn over<S>(
    stream: S,
    request: Request<Outgoing>,
    host: &str,
    deadline: Instant,
) -> Result<(Parts, Incoming, Connection), NetError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_BUFFER)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(host, &error))?;
    // Errors of the connection reach the request or the body, whichever is being waited for.
    let connection = Connection(tokio::spawn(connection).abort_handle());
    let response = match timeout_at(deadline, sender.send_request(request)).await {
        Err(_) => return Err(timed_out(host, "waiting for the answer")),
        Ok(Err(error)) => return Err(failed(host, &error)),
        Ok(Ok(response)) => response,
    };
    let (head, incoming) = response.into_parts();
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(http_error(
            host,
            "it switches protocols, which nobody asked for",
        ));
    }
    Ok((head, incoming, connection))
}

pub(super) fn timed_out(host: &str, stage: &str) -> NetError {
    NetError::new(
        NetErrorKind::Timeout,
        format!("`{host}`: the time ran out in {stage}"),
    )
    .with("stage", "http")
}

fn http_error(host: &str, why: &str) -> NetError {
    NetError::new(
        NetErrorKind::Http,
        format!("`{host}` does not answer properly: {why}"),
    )
    .with("stage", "http")
}

/// What hyper's error means for a caller.
pub(super) fn failed(host: &str, error: &hyper::Error) -> NetError {
    if let Some(error) = tls_error_in(host, error) {
        return error;
    }
    let causes = causes(error);
    if let Some(aborted) = causes
        .iter()
        .find_map(|cause| cause.downcast_ref::<BodyAborted>())
    {
        return NetError::new(
            NetErrorKind::Cancelled,
            format!("the request to `{host}` was broken off: {aborted}"),
        )
        .with("stage", "http");
    }
    if error.is_parse_too_large() {
        return NetError::new(
            NetErrorKind::TooLarge,
            format!("the head of the answer of `{host}` exceeds {MAX_HEAD} bytes or {MAX_HEADERS} headers"),
        )
        .with("stage", "http")
        .with("limit", MAX_HEAD);
    }
    if error.is_parse_version_h2() {
        return http_error(host, "it speaks HTTP/2 only");
    }
    if error.is_parse() {
        return http_error(host, &format!("not HTTP/1.1 ({error})"));
    }
    if error.is_incomplete_message() {
        return http_error(
            host,
            "the connection was closed before the answer was complete",
        );
    }
    let chain: Vec<String> = causes.iter().map(ToString::to_string).collect();
    http_error(host, &chain.join(": "))
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> Vec<&'a (dyn StdError + 'static)> {
    let mut causes = vec![error];
    let mut current = error;
    while let Some(cause) = current.source() {
        causes.push(cause);
        current = cause;
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HttpRequest;
    use crate::rule::Designation;

    #[test]
    fn requests_are_in_origin_form_and_host_is_ours() {
        for (url, target, host) in [
            ("http://a.example", "/", "a.example"),
            ("http://A.example:80/x?y=1#z", "/x?y=1", "a.example"),
            ("https://a.example:8443/", "/", "a.example:8443"),
            ("http://[::1]:81/", "/", "[::1]:81"),
            ("http://0x7f.1/", "/", "127.0.0.1"),
            (
                "http://a.example//evil.example/",
                "//evil.example/",
                "a.example",
            ),
            (
                "http://a.example/http://evil.example/",
                "/http://evil.example/",
                "a.example",
            ),
            (
                "http://a.example/%0d%0aHost:%20evil",
                "/%0d%0aHost:%20evil",
                "a.example",
            ),
            (
                "http://a.example/a b?c d\"<>",
                "/a%20b?c%20d%22%3C%3E",
                "a.example",
            ),
            (
                "http://a.example/{x}|^`ü?'",
                "/%7Bx%7D|^%60%C3%BC?%27",
                "a.example",
            ),
        ] {
            let request = HttpRequest::new("GET", Url::parse(url).unwrap());
            let mut hop = Hop::first(Designation::Name, request).unwrap();
            let built = build(&mut hop).unwrap();
            assert_eq!(built.uri().to_string(), target, "{url}");
            assert_eq!(built.uri().authority(), None);
            assert_eq!(built.headers()[HOST], host);
            assert_eq!(built.headers()[CONNECTION], "close");
        }
    }
}
