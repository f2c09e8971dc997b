//! A request by `wasi:http`, as existing libraries send them.

use serde_json::Value;

#[cfg(target_env = "p2")]
pub(crate) fn send(params: &Value) -> Result<Value, Value> {
    use serde_json::json;
    use wasip2::http::outgoing_handler::handle;
    use wasip2::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme};
    use wasip2::io::streams::StreamError;

    let wrong = |what: &str| json!(format!("{what} can't be set"));
    let said = |code: wasip2::http::types::ErrorCode| json!(format!("{code:?}"));
    let url = params["url"].as_str().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let headers = Fields::new();
    for (name, value) in params["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default().as_bytes().to_vec();
        headers
            .append(name, &value)
            .map_err(|_| wrong("a header"))?;
    }
    let request = OutgoingRequest::new(headers);
    let method = match params["method"].as_str().unwrap_or("GET") {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "HEAD" => Method::Head,
        other => Method::Other(other.to_owned()),
    };
    let scheme = if scheme == "https" {
        Scheme::Https
    } else {
        Scheme::Http
    };
    request
        .set_method(&method)
        .map_err(|()| wrong("the method"))?;
    request
        .set_scheme(Some(&scheme))
        .map_err(|()| wrong("the scheme"))?;
    request
        .set_authority(Some(authority))
        .map_err(|()| wrong("the authority"))?;
    request
        .set_path_with_query(Some(&format!("/{path}")))
        .map_err(|()| wrong("the path"))?;
    let body = request.body().map_err(|()| wrong("the body"))?;
    let answer = handle(request, None).map_err(said)?;
    if let Some(text) = params["body"].as_str() {
        let stream = body.write().map_err(|()| wrong("the body"))?;
        for part in text.as_bytes().chunks(4096) {
            stream
                .blocking_write_and_flush(part)
                .map_err(|error| json!(format!("{error:?}")))?;
        }
    }
    OutgoingBody::finish(body, None).map_err(said)?;
    answer.subscribe().block();
    let response = answer
        .get()
        .ok_or_else(|| json!("no answer"))?
        .map_err(|()| json!("the answer was taken"))?
        .map_err(said)?;
    let status = response.status();
    let incoming = response.consume().map_err(|()| json!("no body"))?;
    let stream = incoming.stream().map_err(|()| json!("no stream"))?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(part) => bytes.extend(part),
            Err(StreamError::Closed) => break,
            Err(error) => return Err(json!(format!("{error:?}"))),
        }
    }
    Ok(json!({ "status": status, "body": String::from_utf8_lossy(&bytes) }))
}

#[cfg(not(target_env = "p2"))]
pub(crate) fn send(_: &Value) -> Result<Value, Value> {
    Err(serde_json::json!("this build has no `wasi:http`"))
}
