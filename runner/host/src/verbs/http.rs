//! `http`: requests to granted URLs, each redirect checked like the first.

use std::sync::Arc;
use std::time::Duration;

use capstep_grants::bind::RoleKind;
use capstep_grants::check::{Act, Permit, UrlPermit};
use capstep_net::Designation;
use capstep_net::http::{
    Body as NetBody, BodyAborted, BodyStream, HttpRequest, HttpResponse, send,
};
use capstep_net::tls::TlsOptions;
use serde_json::json;

use super::http_body::Builder;
use super::masked_body::MaskedBody;
use super::{another, misrouted, net_error, outcome, wrong_permit};
use crate::fault::Fault;
use crate::ops::{FlowSource, Flowing, Lease, Outcome};
use crate::protocol::{Answer, Call, Nanoseconds, Request, Response, ResponseHeader};
use crate::step::{Meta, Shared};

/// The time of an exchange where the plugin says none.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How much of an answer is kept where the plugin says nothing.
const KEEP: u64 = 1024 * 1024;

/// The most that is kept of an answer: it is copied into the plugin's memory.
const KEEP_LIMIT: u64 = 16 * 1024 * 1024;

/// How much more than is kept may be read, where masking made it less.
const HIDDEN_LIMIT: usize = 1024 * 1024;

/// The most redirects followed, as browsers do.
const REDIRECT_LIMIT: u32 = 20;

/// The largest body that is piped on: more than any artifact, and an end to a server that never stops.
pub(super) const STREAM_LIMIT: u64 = 64 * 1024 * 1024 * 1024;

/// The largest file of certificates.
const CA_LIMIT: u64 = 1024 * 1024;

pub(crate) fn call(shared: &Arc<Shared>, meta: Meta, call: Call) -> Result<Answer, Fault> {
    match call {
        Call::HttpSend { request } => start(shared, meta, request),
        Call::HttpResponse { op } => match outcome(shared, op)? {
            Outcome::Response(response) => Ok(Answer::Response(response)),
            _ => another("a request"),
        },
        _ => misrouted(),
    }
}

fn start(shared: &Arc<Shared>, meta: Meta, request: Request) -> Result<Answer, Fault> {
    let method = request.method.to_ascii_uppercase();
    let act = Act::Http {
        input: &request.input,
        url: request.url.as_deref(),
        method: &method,
    };
    let Permit::Url(permit) = shared.permit(&act)? else {
        return wrong_permit();
    };
    let mut builder = Builder {
        shared,
        url: &request.input,
        used: super::http_body::Used::default(),
    };
    let mut headers = builder.headers(&request.headers)?;
    let body = builder.body(&request.body)?;
    let used = builder.used;
    let names = shared.secret_names(used.pointers.iter().map(String::as_str));
    let meta = meta.under(shared.grants(&[&permit.grant])).using(names);
    let ca = certificates(shared, &permit.grant)?;
    let mut sending = shared.held.lease();
    if let Some((bytes, _)) = &body {
        sending.grow(bytes.len())?;
    }

    let (body, sink) = match body {
        Some((bytes, media_type)) => {
            if let Some(media_type) = media_type
                && !headers
                    .iter()
                    .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            {
                headers.push(("content-type".to_owned(), media_type.as_bytes().to_vec()));
            }
            (
                if bytes.is_empty() {
                    NetBody::Empty
                } else {
                    NetBody::Bytes(bytes.into())
                },
                None,
            )
        }
        None => {
            let (sender, receiver) = FlowSource::pair();
            (stream_body(receiver), Some(sender))
        }
    };
    let mut outgoing = HttpRequest::new(&method, permit.url.clone());
    outgoing.headers = headers;
    outgoing.secret_headers = used.secret_headers;
    outgoing.body = body;
    outgoing.secret_body = used.secret_body;
    outgoing.timeout = request.timeout.map_or(TIMEOUT, Nanoseconds::duration);
    outgoing.redirects = u8::try_from(request.redirects.min(REDIRECT_LIMIT)).unwrap_or(0);
    outgoing.max_body = STREAM_LIMIT;
    outgoing.tls = TlsOptions { extra_ca_pem: ca };

    let keep = request.keep.unwrap_or(KEEP).min(KEEP_LIMIT);
    let stream = request.stream;
    let handle = shared.start(meta, move |shared, _, operation| {
        if let Some(sink) = sink {
            operation.set_sink(sink);
        }
        async move {
            let response = exchange(&shared, &permit, outgoing).await?;
            drop(sending);
            let summary = json!({
                "status": response.status, "url": shared.masker.mask_str(response.url.as_str()), "peer": response.peer.to_string(),
                "redirects": response.redirects, "notes": response.notes,
            });
            let mut answer = head(&shared, &response);
            if stream {
                operation.set_source(flow(&shared, response.body, answer.url.clone()));
            } else {
                let mut lease = shared.held.lease();
                let (bytes, truncated) = kept(&shared, response.body, keep, &mut lease, &permit.grant).await?;
                operation.hold(lease);
                answer.body = bytes.into();
                answer.truncated = truncated;
            }
            Ok((Outcome::Response(answer), summary))
        }
    })?;
    Ok(Answer::Handle(handle))
}

/// Whether a request of this method changes something at the server.
pub(crate) fn changes(method: &str) -> bool {
    !["GET", "HEAD", "OPTIONS"]
        .iter()
        .any(|safe| safe.eq_ignore_ascii_case(method))
}

pub(super) async fn exchange(
    shared: &Shared,
    permit: &UrlPermit,
    outgoing: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let designation = if !permit.written {
        Designation::RunTime
    } else if permit
        .url
        .host_str()
        .is_some_and(|host| capstep_grants::is_literal_host(host.trim_matches(['[', ']'])))
    {
        Designation::Literal
    } else {
        Designation::Name
    };
    let denied = std::sync::Mutex::new(None);
    let check = |url: &url::Url, method: &str| match permit.permits(url, method) {
        // The host is the granted one, so it was designated as the grant's was.
        Ok(()) => Ok(designation),
        Err((rule, message)) => {
            *denied
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(rule);
            Err(message)
        }
    };
    let result = send(&shared.dialer, designation, outgoing, &check).await;
    let rule = denied
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    result.map_err(|error| match rule {
        Some(rule) => Fault::denied(
            rule,
            &permit.grant,
            format!("a redirect: {}", error.message),
        ),
        None => net_error::fault(error, &permit.grant),
    })
}

/// The certificates to trust for this URL, from the input whose role says so.
pub(super) fn certificates(shared: &Shared, url: &str) -> Result<Option<String>, Fault> {
    let Some(role) =
        shared.authority.bound.roles.iter().find(|role| {
            role.kind == RoleKind::Ca && role.serves.iter().any(|served| served == url)
        })
    else {
        return Ok(None);
    };
    super::files::role_text(shared, &role.pointer, CA_LIMIT)
}

fn head(shared: &Shared, response: &HttpResponse) -> Response {
    Response {
        status: response.status,
        headers: response
            .headers
            .iter()
            .map(|(name, value)| ResponseHeader {
                name: shared.masker.mask_str(name).into_owned(),
                value: shared
                    .masker
                    .mask_str(&String::from_utf8_lossy(value))
                    .into_owned(),
            })
            .collect(),
        body: Vec::new().into(),
        truncated: false,
        url: shared.masker.mask_str(response.url.as_str()).into_owned(),
        peer: response.peer.to_string(),
        latency: response.latency.into(),
    }
}

/// The beginning of the masked body, and whether there was more. It is masked before it is cut: what a cut leaves of a
/// secret can't be recognised.
async fn kept(
    shared: &Shared,
    body: BodyStream,
    keep: u64,
    lease: &mut Lease,
    at: &str,
) -> Result<(Vec<u8>, bool), Fault> {
    let keep = usize::try_from(keep).unwrap_or(usize::MAX);
    let mut body = MaskedBody::new(shared, body);
    let mut bytes = Vec::new();
    while let Some(part) = body
        .next()
        .await
        .map_err(|error| net_error::fault(error, at))?
    {
        lease.grow(part.len())?;
        bytes.extend_from_slice(&part);
        if bytes.len() > keep || body.read() > keep.saturating_add(HIDDEN_LIMIT) {
            bytes.truncate(keep);
            return Ok((bytes, true));
        }
    }
    let truncated = bytes.len() > keep;
    bytes.truncate(keep);
    Ok((bytes, truncated))
}

/// The masked body as a source for a pipe.
fn flow(shared: &Arc<Shared>, body: BodyStream, from: String) -> FlowSource {
    let (sender, source) = FlowSource::pair();
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let mut body = MaskedBody::new(&shared, body);
        loop {
            let next = match body.next().await {
                Ok(Some(part)) => Flowing::Chunk(part),
                Ok(None) => {
                    shared.warn_of_masked(body.replaced(), &from);
                    Flowing::End
                }
                Err(error) => Flowing::Broken(error.message),
            };
            let last = !matches!(next, Flowing::Chunk(_));
            if sender.send(next).await.is_err() || last {
                return;
            }
        }
    });
    source
}

/// A body that is piped in.
fn stream_body(mut source: FlowSource) -> NetBody {
    let (sender, chunks) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let next = match source.next().await {
                Ok(Some(chunk)) => Ok(chunk.into()),
                // The body's end is that nobody sends any more.
                Ok(None) => return,
                Err(message) => Err(BodyAborted(message)),
            };
            let broken = next.is_err();
            if sender.send(next).await.is_err() || broken {
                return;
            }
        }
    });
    NetBody::Stream {
        chunks,
        length: None,
    }
}
