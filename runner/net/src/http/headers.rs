//! Request headers that a caller may set, and limits on all of them.

use hyper::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use crate::error::NetError;

/// How many headers a request or an answer may have. Servers commonly stop at 100.
pub(super) const MAX_HEADERS: usize = 128;

/// How large the head of a request or an answer may be. Servers commonly stop between 8 and 64 KiB.
pub(super) const MAX_HEAD: usize = 64 * 1024;

const DEFAULT_USER_AGENT: &str = concat!("capstep/", env!("CARGO_PKG_VERSION"));

/// Headers that steer connection, framing or routing: these are the host's, since two readers of one message that
/// disagree on them are how requests are smuggled.
const REFUSED: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

/// The request's headers, checked; `secret` names are marked so that no log shows their values.
pub(super) fn for_request(
    headers: &[(String, Vec<u8>)],
    secret: &[String],
) -> Result<HeaderMap, NetError> {
    if headers.len() > MAX_HEADERS {
        return Err(NetError::invalid(format!(
            "more than {MAX_HEADERS} request headers"
        )));
    }
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    if size > MAX_HEAD {
        return Err(NetError::invalid(format!(
            "the request headers are larger than {MAX_HEAD} bytes"
        )));
    }
    let mut map = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers {
        let shown = name.escape_debug();
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| NetError::invalid(format!("`{shown}` is not a header name")))?;
        if REFUSED.contains(&parsed.as_str()) || parsed.as_str().starts_with("proxy-") {
            return Err(NetError::invalid(format!(
                "the header `{parsed}` is set by the host and cannot be given"
            ))
            .with("header", parsed.as_str()));
        }
        let mut value = HeaderValue::from_bytes(value).map_err(|_| {
            NetError::invalid(format!(
                "the value of the header `{parsed}` has a line break or another control character"
            ))
            .with("header", parsed.as_str())
        })?;
        value.set_sensitive(is_secret(parsed.as_str(), secret));
        map.append(parsed, value);
    }
    map.entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(DEFAULT_USER_AGENT));
    map.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    Ok(map)
}

/// Whether a header may not go to another origin.
pub(super) fn is_secret(name: &str, secret: &[String]) -> bool {
    ["authorization", "cookie", "cookie2"]
        .into_iter()
        .chain(secret.iter().map(String::as_str))
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// An answer's headers as plain data.
pub(super) fn from_response(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(name: &str, value: &[u8]) -> Result<HeaderMap, NetError> {
        for_request(
            &[(name.to_owned(), value.to_vec())],
            &["X-Token".to_owned()],
        )
    }

    #[test]
    fn steering_headers_are_refused_by_name() {
        for name in [
            "Host",
            "host",
            "Content-Length",
            "Transfer-Encoding",
            "Connection",
            "Upgrade",
            "Proxy-Authorization",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Expect",
            "Keep-Alive",
            "HTTP2-Settings",
        ] {
            let error = build(name, b"x").unwrap_err();
            assert_eq!(error.kind, crate::NetErrorKind::Invalid);
            assert_eq!(error.details["header"], name.to_lowercase());
        }
    }

    #[test]
    fn injection_is_refused() {
        for value in [&b"a\r\nHost: evil"[..], b"a\nb", b"a\rb", b"a\0b", b"\x7f"] {
            assert!(build("x-a", value).unwrap_err().message.contains("`x-a`"));
        }
        for name in [
            "",
            "a b",
            "a:b",
            "a\r\nb",
            "Host ",
            " host",
            "h\u{f6}st",
            "host\0",
        ] {
            assert!(
                build(name, b"x")
                    .unwrap_err()
                    .message
                    .contains("is not a header name"),
                "{name}"
            );
        }
    }

    #[test]
    fn others_are_kept() {
        for value in [&b"plain"[..], b"", b"a\tb", "ü".as_bytes(), b"\xff"] {
            assert_eq!(build("X-A", value).unwrap()["x-a"].as_bytes(), value);
        }
        assert_eq!(build("X-A", b"").unwrap()[USER_AGENT], DEFAULT_USER_AGENT);
        assert_eq!(build("User-Agent", b"mine").unwrap()[USER_AGENT], "mine");
    }

    #[test]
    fn secrets_are_marked() {
        for (name, expected) in [
            ("Authorization", true),
            ("cookie", true),
            ("x-token", true),
            ("x-other", false),
        ] {
            assert_eq!(
                build(name, b"x").unwrap()[name].is_sensitive(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn limits() {
        let many = vec![("x-a".to_owned(), b"x".to_vec()); MAX_HEADERS + 1];
        assert!(
            for_request(&many, &[])
                .unwrap_err()
                .message
                .contains("more than 128")
        );
        let large = [("x-a".to_owned(), vec![b'x'; MAX_HEAD])];
        assert!(
            for_request(&large, &[])
                .unwrap_err()
                .message
                .contains("larger than")
        );
    }
}
