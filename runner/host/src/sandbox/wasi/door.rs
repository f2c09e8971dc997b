//! `wasi:http/outgoing-handler`: what a guest's library sends goes to the host, which checks it like any other request.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody, WasiHttpHooks};

use crate::protocol::{ErrorKind, VerbError};
use crate::sandbox::host::{DoorBody, DoorRequest, DoorResponse, StepHost};

/// How many parts of a request's body may wait to be sent.
const PARTS_IN_FLIGHT: usize = 4;

/// Where a guest's requests go.
pub(crate) struct Door {
    host: Arc<dyn StepHost>,
}

impl Door {
    pub(crate) fn new(host: Arc<dyn StepHost>) -> Self {
        Self { host }
    }
}

type Io = Box<dyn Future<Output = Result<()>> + Send>;
type Answered = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io)>> + Send>;

impl WasiHttpHooks for Door {
    fn set_host_header(&mut self) -> bool {
        // `Host` follows from the URL that was checked.
        false
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Answered {
        let host = Arc::clone(&self.host);
        Box::new(async move {
            let answer = host
                .http(read(request, options.as_ref()))
                .await
                .map_err(|error| refusal(&error))?;
            let nothing_more: Io = Box::new(async { Ok(()) });
            Ok((response(answer)?, nothing_more))
        })
    }
}

fn read(request: http::Request<WasiBody>, options: Option<&RequestOptions>) -> DoorRequest {
    let (head, body) = request.into_parts();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    DoorRequest {
        method: head.method.as_str().to_owned(),
        url: head.uri.to_string(),
        headers,
        body: parts(body),
        timeout: options.and_then(until_head),
    }
}

/// The time that the guest gives to the connection and the first byte together.
fn until_head(options: &RequestOptions) -> Option<Duration> {
    match (options.connect_timeout, options.first_byte_timeout) {
        (None, None) => None,
        (connect, first) => Some(
            connect
                .unwrap_or_default()
                .saturating_add(first.unwrap_or_default()),
        ),
    }
}

/// A body's parts, pumped by a task that ends with either side.
fn parts(mut body: WasiBody) -> Option<DoorBody> {
    if http_body::Body::is_end_stream(&body) {
        return None;
    }
    let (sender, receiver) = mpsc::channel(PARTS_IN_FLIGHT);
    tokio::spawn(async move {
        while let Some(frame) = body.frame().await {
            let part = match frame {
                Ok(frame) => match frame.into_data() {
                    Ok(bytes) => Ok(bytes),
                    // Trailers are not sent on.
                    Err(_) => continue,
                },
                Err(error) => Err(error.to_string()),
            };
            let failed = part.is_err();
            if sender.send(part).await.is_err() || failed {
                return;
            }
        }
    });
    Some(receiver)
}

fn response(answer: DoorResponse) -> Result<http::Response<WasiBody>> {
    let mut builder = http::Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        builder = builder.header(name, value);
    }
    builder
        .body(Parts(answer.body).boxed_unsync())
        .map_err(|_| Error::HttpProtocolError)
}

/// An answer's body.
struct Parts(DoorBody);

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|part| {
            part.map(|part| {
                part.map(Frame::data)
                    .map_err(|message| Error::InternalError(Some(message)))
            })
        })
    }
}

/// What a library is told; the log and the journal have the whole message.
fn refusal(error: &VerbError) -> Error {
    match error.kind {
        ErrorKind::Denied => Error::HttpRequestDenied,
        ErrorKind::NotFound => Error::DestinationNotFound,
        ErrorKind::Unreachable if error.stage.as_deref() == Some("name") => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        ErrorKind::Unreachable => Error::DestinationUnavailable,
        ErrorKind::Timeout => Error::ConnectionTimeout,
        ErrorKind::TooLarge => Error::HttpResponseBodySize(None),
        ErrorKind::Cancelled => Error::ConnectionTerminated,
        ErrorKind::Peer if error.stage.as_deref() == Some("tls") => Error::TlsProtocolError,
        ErrorKind::Peer => Error::HttpProtocolError,
        _ => Error::InternalError(Some(error.message.clone())),
    }
}
