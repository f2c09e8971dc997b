//! One request of an exchange, and what a redirect makes of it.

use hyper::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use hyper::{Method, StatusCode};
use url::Url;

use super::body::{Body, Outgoing};
use super::headers::{MAX_HEAD, for_request, is_secret};
use super::{HttpRequest, RedirectCheck};
use crate::error::{NetError, NetErrorKind};
use crate::rule::Designation;
use crate::target::Endpoint;
use crate::tls::TlsOptions;

/// A request to one place.
pub(super) struct Hop {
    pub(super) endpoint: Endpoint,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) max_body: u64,
    pub(super) tls: TlsOptions,
    secret_headers: Vec<String>,
    secret_body: bool,
    /// None once a stream was taken.
    body: Option<Body>,
}

impl Hop {
    /// The first request, checked.
    pub(super) fn first(designation: Designation, request: HttpRequest) -> Result<Self, NetError> {
        check_url(&request.url)?;
        Ok(Self {
            endpoint: Endpoint::of_url(&request.url, designation)?,
            method: method(&request.method)?,
            headers: for_request(&request.headers, &request.secret_headers)?,
            url: request.url,
            max_body: request.max_body,
            tls: request.tls,
            secret_headers: request.secret_headers,
            secret_body: request.secret_body,
            body: Some(request.body),
        })
    }

    /// The body, to be sent now. Bytes stay for the next time, a stream does not.
    pub(super) fn take_body(&mut self) -> Outgoing {
        match self.body.take() {
            Some(Body::Stream { chunks, length }) => Outgoing::Stream {
                chunks,
                left: length,
            },
            Some(Body::Bytes(bytes)) => {
                self.body = Some(Body::Bytes(bytes.clone()));
                Outgoing::Whole((!bytes.is_empty()).then_some(bytes))
            }
            Some(Body::Empty) | None => {
                self.body = Some(Body::Empty);
                Outgoing::Whole(None)
            }
        }
    }

    /// The request that follows a redirect.
    pub(super) fn redirected(
        mut self,
        status: StatusCode,
        location: &str,
        check: &RedirectCheck<'_>,
    ) -> Result<Self, NetError> {
        let from = self.url.host_str().unwrap_or_default().to_owned();
        let wrong = |why: String| {
            NetError::new(NetErrorKind::Http, format!("`{from}` redirects {why}"))
                .with("stage", "redirect")
        };
        let mut url = self
            .url
            .join(location)
            .map_err(|error| wrong(format!("to something that is no URL: {error}")))?;
        url.set_fragment(None);
        check_url(&url).map_err(|error| wrong(format!("to an unusable URL: {}", error.message)))?;
        // Of http and https URLs without credentials, which both are by now, the origin is scheme, host and port.
        let elsewhere = self.url.origin() != url.origin();

        if keeps_method(status) {
            match &self.body {
                None => {
                    return Err(wrong(format!(
                        "({status}), but a streamed body cannot be sent again"
                    )));
                }
                Some(Body::Bytes(_)) if elsewhere && self.secret_body => {
                    return Err(NetError::new(
                        NetErrorKind::Refused,
                        format!("`{from}` redirects to another origin, and the request's body holds a secret"),
                    )
                    .with("stage", "redirect")
                    .with("rule", "redirect.secret-body"));
                }
                Some(_) => {}
            }
        } else {
            if self.method != Method::HEAD {
                self.method = Method::GET;
            }
            self.body = Some(Body::Empty);
            self.secret_body = false;
            for name in describing_body() {
                self.headers.remove(name);
            }
        }
        if elsewhere {
            let secret: Vec<_> = self
                .headers
                .keys()
                .filter(|name| is_secret(name.as_str(), &self.secret_headers))
                .cloned()
                .collect();
            for name in secret {
                self.headers.remove(name);
            }
        }
        let designation = check(&url, self.method.as_str()).map_err(|why| {
            NetError::new(
                NetErrorKind::Refused,
                format!(
                    "`{from}` redirects to {}: {why}",
                    shown(&self.url, location)
                ),
            )
            .with("stage", "redirect")
            .with("rule", "redirect.not-granted")
        })?;
        self.endpoint = Endpoint::of_url(&url, designation)?;
        self.url = url;
        Ok(self)
    }
}

/// Where an answer redirects to, if it does; an error if it says so in a way that can't be followed.
pub(super) fn location(
    status: StatusCode,
    headers: &HeaderMap,
) -> Option<Result<String, NetError>> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let mut values = headers.get_all(LOCATION).iter();
    let first = values.next()?;
    // Which of several would be taken depends on the reader.
    if values.any(|other| other != first) {
        return Some(Err(NetError::new(
            NetErrorKind::Http,
            "the answer redirects to several places",
        )));
    }
    Some(match std::str::from_utf8(first.as_bytes()) {
        Ok(location) => Ok(location.to_owned()),
        Err(_) => Err(NetError::new(
            NetErrorKind::Http,
            "the answer's `location` is not UTF-8",
        )),
    })
}

/// The target of a redirect for a message: without its query, since queries carry tokens.
pub(super) fn shown(base: &Url, location: &str) -> String {
    match base.join(location) {
        Ok(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        Err(_) => "something that is no URL".to_owned(),
    }
}

/// 307 and 308 repeat the request; the others turn it into a GET.
fn keeps_method(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    )
}

/// Headers that make no sense without the body they came with.
fn describing_body() -> [hyper::header::HeaderName; 4] {
    use hyper::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION};
    [
        CONTENT_TYPE,
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_LOCATION,
    ]
}

fn check_url(url: &Url) -> Result<(), NetError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NetError::invalid(
            "a URL with a user name or password in it is refused: use an `authorization` header",
        ));
    }
    if url.as_str().len() > MAX_HEAD {
        return Err(NetError::invalid(format!(
            "the URL is longer than {MAX_HEAD} bytes"
        )));
    }
    Ok(())
}

fn method(text: &str) -> Result<Method, NetError> {
    let wrong =
        |why: &str| NetError::invalid(format!("the method `{}` {why}", text.escape_debug()));
    if matches!(text, "CONNECT" | "TRACE") {
        return Err(wrong("is not supported"));
    }
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-') {
        return Err(wrong("is not a word in upper case"));
    }
    Method::from_bytes(text.as_bytes()).map_err(|_| wrong("is not a method"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods() {
        for good in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH",
        ] {
            assert_eq!(method(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "get",
            "Get",
            "CONNECT",
            "TRACE",
            "GET ",
            "GET\r\nX: y",
            "G/T",
            "GET /evil HTTP/1.1",
        ] {
            assert_eq!(
                method(bad).unwrap_err().kind,
                NetErrorKind::Invalid,
                "{bad}"
            );
        }
    }

    #[test]
    fn urls() {
        for (url, expected) in [
            ("https://a.example/", None),
            (
                "https://user:pw@a.example/",
                Some("use an `authorization` header"),
            ),
            (
                "https://user@a.example/",
                Some("use an `authorization` header"),
            ),
            ("ftp://a.example/", Some("only http and https")),
            ("data:x", Some("only http and https")),
        ] {
            let request = HttpRequest::new("GET", Url::parse(url).unwrap());
            let found = Hop::first(Designation::Name, request)
                .err()
                .map(|error| error.message);
            match expected {
                None => assert_eq!(found, None),
                Some(part) => assert!(found.unwrap().contains(part), "{url}"),
            }
        }
    }

    /// Follows one redirect of a POST with a secret header, an ordinary one and a body.
    fn follow(status: u16, location: &str) -> Result<Hop, NetError> {
        let mut request = HttpRequest::new("POST", Url::parse("https://a.example/x?y").unwrap());
        request.headers = [
            ("Authorization", "s"),
            ("X-Token", "s"),
            ("X-Plain", "p"),
            ("Content-Type", "text/plain"),
        ]
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .to_vec();
        request.secret_headers = vec!["x-token".to_owned()];
        request.body = Body::Bytes("body".into());
        let status = StatusCode::from_u16(status).unwrap();
        Hop::first(Designation::Name, request)?
            .redirected(status, location, &|_, _| Ok(Designation::RunTime))
    }

    fn names(hop: &Hop) -> Vec<&str> {
        hop.headers
            .keys()
            .map(|name| name.as_str())
            .filter(|name| !["accept", "user-agent"].contains(name))
            .collect()
    }

    #[test]
    fn methods_and_bodies_of_redirects() {
        for (status, expected) in [
            (301, "GET"),
            (302, "GET"),
            (303, "GET"),
            (307, "POST"),
            (308, "POST"),
        ] {
            let hop = follow(status, "/next").unwrap();
            assert_eq!(hop.method.as_str(), expected);
            assert_eq!(matches!(hop.body, Some(Body::Bytes(_))), expected == "POST");
            assert_eq!(hop.headers.contains_key("content-type"), expected == "POST");
            assert_eq!(hop.url.as_str(), "https://a.example/next");
            assert_eq!(hop.endpoint.designation, Designation::RunTime);
        }
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        for same in ["/b", "https://A.example:443/", "?z", "//a.example/"] {
            assert_eq!(
                names(&follow(302, same).unwrap()),
                ["authorization", "x-token", "x-plain"],
                "{same}"
            );
        }
        for other in [
            "https://b.example/",
            "http://a.example/",
            "https://a.example:444/",
            "//b.example",
            "\\\\b.example",
        ] {
            assert_eq!(names(&follow(302, other).unwrap()), ["x-plain"], "{other}");
        }
    }

    #[test]
    fn locations_that_are_not_followed() {
        for location in [
            "ftp://a.example/",
            "file:///etc/passwd",
            "javascript:x",
            "https://u:p@b.example/",
            "http://[",
            "https://a.example:0/",
        ] {
            assert!(follow(302, location).is_err(), "{location}");
        }
        let mut several = HeaderMap::new();
        several.append(LOCATION, "/a".parse().unwrap());
        several.append(LOCATION, "/b".parse().unwrap());
        assert!(location(StatusCode::FOUND, &several).unwrap().is_err());
        assert!(location(StatusCode::OK, &several).is_none());
        assert!(location(StatusCode::FOUND, &HeaderMap::new()).is_none());
    }
}
