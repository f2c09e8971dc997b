//! What both builders are told the same way.

use serde_json::{Map, Value};

use crate::build::request::{BuildRequest, Network};
use crate::transport::request::Request;

/// `POST /build` with everything but the builder's own part.
pub(super) fn request(request: &BuildRequest) -> Request {
    let mut query = Request::post("/build")
        .query("dockerfile", request.dockerfile.clone())
        // Containers of `RUN` go, whether they end well or not.
        .query("rm", "1")
        .query("forcerm", "1");
    for tag in &request.tags {
        query = query.query("t", tag.clone());
    }
    if let Some(target) = &request.target {
        query = query.query("target", target.clone());
    }
    let mut arguments = object(&request.build_args);
    if request.inline_cache {
        arguments.insert("BUILDKIT_INLINE_CACHE".to_owned(), Value::from("1"));
    }
    if !arguments.is_empty() {
        query = query.query("buildargs", Value::Object(arguments).to_string());
    }
    if !request.labels.is_empty() {
        query = query.query("labels", Value::Object(object(&request.labels)).to_string());
    }
    if !request.cache_from.is_empty() {
        query = query.query(
            "cachefrom",
            Value::from(request.cache_from.clone()).to_string(),
        );
    }
    if request.no_cache {
        query = query.query("nocache", "1");
    }
    if request.pull {
        query = query.query("pull", "1");
    }
    if request.network != Network::Default {
        query = query.query("networkmode", request.network.as_str());
    }
    if let Some(platform) = request.platforms.first() {
        query = query.query("platform", platform.clone());
    }
    query
}

fn object(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect()
}
