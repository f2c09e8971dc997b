//! Listens, and answers.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::health::Health;
use super::site;
use crate::root::Root;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// Answers until `stop`.
pub(crate) fn serve(listener: TcpListener, root: Arc<Root>, stop: CancellationToken) {
    let accepting = accept(listener, root, stop.clone());
    tokio::spawn(async move { stop.run_until_cancelled(accepting).await });
}

async fn accept(listener: TcpListener, root: Arc<Root>, stop: CancellationToken) {
    while let Ok((stream, _)) = listener.accept().await {
        let root = Arc::clone(&root);
        let service = service_fn(move |request| {
            let root = Arc::clone(&root);
            async move { Ok::<_, Infallible>(answer(request, root).await) }
        });
        let connection = http1::Builder::new()
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        let stop = stop.clone();
        tokio::spawn(async move {
            // A client that goes away in between is its own affair.
            let _ = stop.run_until_cancelled(connection).await;
        });
    }
}

async fn answer(request: Request<Incoming>, root: Arc<Root>) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut refused = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n");
        let methods = http::HeaderValue::from_static("GET, HEAD");
        refused.headers_mut().insert(ALLOW, methods);
        return refused;
    }
    let path = request.uri().path().to_owned();
    tokio::task::spawn_blocking(move || match path.as_str() {
        "/health" => health(&root),
        path => file(&root, path),
    })
    .await
    .unwrap_or_else(|_| response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "broken off\n"))
}

fn health(root: &Root) -> Response<Full<Bytes>> {
    match Health::look(root) {
        Health::Starting => {
            let body = json!({ "status": "starting" }).to_string();
            response(StatusCode::SERVICE_UNAVAILABLE, JSON, body)
        }
        Health::Healthy { release, site } => {
            let body = json!({ "status": "healthy", "release": release, "site": site });
            response(StatusCode::OK, JSON, body.to_string())
        }
    }
}

fn file(root: &Root, path: &str) -> Response<Full<Bytes>> {
    match site::find(root, path) {
        Some(found) => response(StatusCode::OK, found.content_type, found.bytes),
        None => response(StatusCode::NOT_FOUND, TEXT, "nothing is here\n"),
    }
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}
