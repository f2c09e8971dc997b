//! `wasi:http`: a door for existing libraries onto the check of `http.send`.
//!
//! A library names no input, so the request goes by the first `url` input that allows it. A placeholder is replaced only
//! where it is a header's whole value, or follows an authentication scheme (`Bearer …`); anywhere else it is text.

use std::sync::Arc;
use std::time::Duration;

use capstep_grants::Authority;
use capstep_grants::check::{Act, Denial, Permit, Refusal, Rule, UrlPermit};
use capstep_net::http::{Body, BodyAborted, HttpRequest, HttpResponse};
use capstep_net::tls::TlsOptions;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::http::{STREAM_LIMIT, certificates, changes, exchange};
use super::http_body::{Builder, Used};
use super::masked_body::MaskedBody;
use super::wrong_permit;
use crate::fault::Fault;
use crate::protocol::{ErrorKind, VerbError};
use crate::sandbox::{DoorBody, DoorRequest, DoorResponse};
use crate::step::{Meta, Shared};

/// What the journal calls it.
const VERB: &str = "wasi/http";

/// For a whole exchange. Libraries stream large answers through here, so it is longer than a single verb's.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// How many parts of a body may wait on either way.
const PARTS_IN_FLIGHT: usize = 4;

/// Carries out a guest's request.
pub(crate) async fn send(
    shared: Arc<Shared>,
    request: DoorRequest,
) -> Result<DoorResponse, VerbError> {
    let arguments = json!({ "method": request.method, "url": request.url });
    let meta = shared.meta(VERB, arguments, changes(&request.method));
    let sent = checked(&shared, meta.clone(), request).await;
    sent.map_err(|fault| shared.settle(&meta, fault))
}

async fn checked(
    shared: &Arc<Shared>,
    meta: Meta,
    request: DoorRequest,
) -> Result<DoorResponse, Fault> {
    let permit = permit(shared, &request.url, &request.method)?;
    let mut builder = Builder {
        shared,
        url: &permit.grant,
        used: Used::default(),
    };
    let headers = headers(&mut builder, &request.headers)?;
    let used = builder.used;
    let names = shared.secret_names(used.pointers.iter().map(String::as_str));
    let meta = meta.under(shared.grants(&[&permit.grant])).using(names);
    let length = content_length(&request.headers);
    let mut outgoing = HttpRequest::new(&request.method, permit.url.clone());
    outgoing.headers = headers;
    outgoing.secret_headers = used.secret_headers;
    outgoing.timeout = TIMEOUT;
    outgoing.max_body = STREAM_LIMIT;
    outgoing.tls = TlsOptions {
        extra_ca_pem: certificates(shared, &permit.grant)?,
    };
    outgoing.body = match request.body {
        None => Body::Empty,
        Some(parts) => Body::Stream {
            chunks: sent_parts(parts),
            length,
        },
    };
    let cancel = shared.token();
    let head = async {
        let head = exchange(shared, &permit, outgoing);
        match request.timeout {
            None => head.await,
            Some(limit) => tokio::time::timeout(limit, head).await.map_err(|_| {
                Fault::error(
                    ErrorKind::Timeout,
                    format!("no answer within {} s", limit.as_secs_f32()),
                )
            })?,
        }
    };
    let work = async {
        let response = tokio::select! {
            biased;
            response = head => response?,
            () = cancel.cancelled() => return Err(Fault::error(ErrorKind::Cancelled, "cancelled")),
        };
        let summary = summary(shared, &response);
        Ok((answer(shared, &request.method, response), summary))
    };
    shared.effect(&meta, work).await
}

/// The first input that allows it. Where none does, the rule is that of the input that comes nearest.
fn permit(shared: &Shared, url: &str, method: &str) -> Result<UrlPermit, Fault> {
    let mut nearest: Option<Box<Denial>> = None;
    let inputs = shared
        .authority
        .bound
        .grants
        .iter()
        .filter(|grant| matches!(grant.authority, Some(Authority::Url { .. })));
    for grant in inputs {
        let act = Act::Http {
            input: &grant.pointer,
            url: Some(url),
            method,
        };
        match capstep_grants::check::authorize(&shared.authority, &act) {
            Ok(Permit::Url(permit)) => return Ok(permit),
            Ok(_) => return wrong_permit(),
            Err(Refusal::NotSet(_)) => {}
            Err(Refusal::Denied(denial)) => {
                let nearer = nearest
                    .as_ref()
                    .is_none_or(|other| closeness(denial.rule) > closeness(other.rule));
                if nearer {
                    nearest = Some(denial);
                }
            }
        }
    }
    Err(Fault::Denied(nearest.unwrap_or_else(|| {
        Box::new(Denial {
            rule: Rule::RawHttp,
            pointer: String::new(),
            message: format!(
                "the plugin tried to send a request to `{}`, and was handed no URL",
                origin(url)
            ),
            hint: Some("plugins reach the network through inputs that designate where".to_owned()),
            place: None,
        })
    })))
}

/// How much of a request a rule let pass before it stopped it.
fn closeness(rule: Rule) -> u8 {
    match rule {
        Rule::OtherMethod => 2,
        Rule::OtherPath => 1,
        _ => 0,
    }
}

fn origin(url: &str) -> String {
    url::Url::parse(url).map_or_else(
        |_| "an address that can't be read".to_owned(),
        |url| url.origin().ascii_serialization(),
    )
}

/// The headers as they are sent: framing is the host's, placeholders give way to their values.
fn headers(
    builder: &mut Builder<'_>,
    headers: &[(String, Vec<u8>)],
) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let mut sent = Vec::new();
    for (name, value) in headers {
        if ["host", "content-length"].contains(&name.as_str()) {
            continue;
        }
        let secret = std::str::from_utf8(value)
            .ok()
            .and_then(|text| with_placeholder(builder.shared, text));
        sent.push(match secret {
            Some((scheme, pointer)) => builder.authorization(name, scheme, &pointer)?,
            None => (name.clone(), value.clone()),
        });
    }
    Ok(sent)
}

/// The scheme before a placeholder, and the pointer of its input.
fn with_placeholder<'t>(shared: &Shared, text: &'t str) -> Option<(&'t str, String)> {
    let (scheme, placeholder) = text.rsplit_once(' ').unwrap_or(("", text));
    let is_scheme = scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_scheme {
        return None;
    }
    Some((scheme, shared.placeholder_at(placeholder)?.to_owned()))
}

fn content_length(headers: &[(String, Vec<u8>)]) -> Option<u64> {
    let (_, value) = headers.iter().find(|(name, _)| name == "content-length")?;
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn sent_parts(mut parts: DoorBody) -> mpsc::Receiver<Result<bytes::Bytes, BodyAborted>> {
    let (sender, chunks) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(part) = parts.recv().await {
            let failed = part.is_err();
            if sender.send(part.map_err(BodyAborted)).await.is_err() || failed {
                return;
            }
        }
    });
    chunks
}

fn summary(shared: &Shared, response: &HttpResponse) -> Value {
    json!({
        "status": response.status, "url": shared.masker.mask_str(response.url.as_str()),
        "peer": response.peer.to_string(), "notes": response.notes,
    })
}

/// The answer as the guest gets it, masked. What is masked can change its length, so the length is not told.
fn answer(shared: &Arc<Shared>, method: &str, response: HttpResponse) -> DoorResponse {
    let status = response.status;
    let headers = response
        .headers
        .iter()
        .filter(|(name, _)| method == "HEAD" || name != "content-length")
        .map(|(name, value)| (name.clone(), shared.masker.mask_bytes(value).into_owned()))
        .collect();
    let (sender, body) = mpsc::channel(PARTS_IN_FLIGHT);
    tokio::spawn(relay(Arc::clone(shared), response, sender));
    DoorResponse {
        status,
        headers,
        body,
    }
}

/// Hands on an answer's body, masked; a server's failure ends it.
async fn relay(
    shared: Arc<Shared>,
    response: HttpResponse,
    sender: mpsc::Sender<Result<bytes::Bytes, String>>,
) {
    let mut body = MaskedBody::new(&shared, response.body);
    loop {
        let part = match body.next().await {
            Ok(Some(part)) => Ok(part.into()),
            Ok(None) => break,
            Err(error) => Err(error.message),
        };
        let failed = part.is_err();
        if sender.send(part).await.is_err() || failed {
            return;
        }
    }
    let from = shared.masker.mask_str(response.url.as_str());
    shared.warn_of_masked(body.replaced(), &from);
}
