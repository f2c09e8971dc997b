//! The head of a request to the proxy, as pure functions.

use super::origin::{Origin, Scheme, authority_of};

/// How long a request's head may be: what common servers take.
pub(super) const MAX_HEAD: usize = 32 * 1024;

/// A request that the proxy understands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// A tunnel to a host and port.
    Tunnel {
        /// The host, canonical.
        host: String,
        /// The port.
        port: u16,
    },
    /// A request in absolute form, with the head to send on.
    Forward {
        /// The method.
        method: String,
        /// Where it leads.
        origin: Origin,
        /// The head in origin form, with a `Host` of ours and `Connection: close`.
        head: Vec<u8>,
        /// How much of a body follows.
        body: Body,
    },
}

/// What follows a request's head.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    /// Chunks; the server sees their end.
    Chunked,
}

/// Why a head is not understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadHead {
    /// The client's target, as far as there is one.
    pub(super) target: String,
    /// What is wrong.
    pub(super) message: &'static str,
}

/// Where the head ends (after its empty line), if all of it is there.
pub(super) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

/// Understands a head, up to and with its empty line.
pub(super) fn parse(head: &[u8]) -> Result<Request, BadHead> {
    let bad = |target: &str, message| BadHead {
        target: target.chars().take(200).collect(),
        message,
    };
    let text = std::str::from_utf8(head).map_err(|_| bad("", "the request is no text"))?;
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default();
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(bad("", "the first line is no request line"));
    };
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(bad(target, "the method is no word"));
    }
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return Err(bad(target, "only HTTP/1 is spoken here"));
    }
    if method == "CONNECT" {
        return match authority_of(target) {
            Ok((host, Some(port))) => Ok(Request::Tunnel { host, port }),
            _ => Err(bad(target, "CONNECT needs a host and a port")),
        };
    }
    let rest = match target.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("http://") => &target[7..],
        _ => {
            return Err(bad(
                target,
                "this is a proxy: it takes CONNECT, and requests for http:// URLs",
            ));
        }
    };
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let (host, port) =
        authority_of(authority).map_err(|_| bad(target, "the URL has no valid host and port"))?;
    let origin = Origin {
        scheme: Scheme::Http,
        host,
        port: port.unwrap_or(Scheme::Http.default_port()),
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut sent = format!("{method} {slash}{path} HTTP/1.1\r\n");
    let written = origin.to_string();
    let host = written.strip_prefix("http://").unwrap_or(&written);
    sent.push_str(&format!("Host: {host}\r\n"));
    let mut body = Body::Length(0);
    let mut lengths = 0;
    for line in lines.take_while(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            return Err(bad(target, "a header has no colon"));
        };
        if name.is_empty() || !name.bytes().all(is_token) || value.contains(['\r', '\n', '\0']) {
            return Err(bad(target, "a header is not well formed"));
        }
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            // Ours, or for this hop alone.
            "host" | "connection" | "keep-alive" | "upgrade" | "te" | "trailer" => continue,
            name if name.starts_with("proxy-") => continue,
            "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => {
                lengths += 1;
                body = Body::Chunked;
            }
            "transfer-encoding" => return Err(bad(target, "only chunked bodies are understood")),
            "content-length" => {
                lengths += 1;
                let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                match value.parse() {
                    Ok(length) if digits => body = Body::Length(length),
                    _ => return Err(bad(target, "the content length is no number")),
                }
            }
            _ => {}
        }
        sent.push_str(&format!("{name}: {value}\r\n"));
    }
    if lengths > 1 {
        // Two servers may read such a request differently.
        return Err(bad(target, "the body has more than one length"));
    }
    sent.push_str("Connection: close\r\n\r\n");
    Ok(Request::Forward {
        method: method.to_owned(),
        origin,
        head: sent.into_bytes(),
        body,
    })
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &str, expected: Result<&str, &str>) {
        let found = parse(head.as_bytes()).map(|request| match request {
            Request::Tunnel { host, port } => format!("tunnel {host} {port}"),
            Request::Forward {
                origin, head, body, ..
            } => format!("{origin} {body:?} {}", String::from_utf8(head).unwrap()),
        });
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(expected)) => {
                assert!(found.message.contains(expected), "{found:?}");
            }
            _ => panic!("{head:?}: {found:?}"),
        }
    }

    #[test]
    fn tunnels() {
        check("CONNECT Host:443 HTTP/1.1\r\n\r\n", Ok("tunnel host 443"));
        check(
            "CONNECT [::1]:443 HTTP/1.1\r\nX: y\r\n\r\n",
            Ok("tunnel ::1 443"),
        );
        check("CONNECT host HTTP/1.1\r\n\r\n", Err("needs a host"));
        check(
            "CONNECT http://host:1/ HTTP/1.1\r\n\r\n",
            Err("needs a host"),
        );
    }

    #[test]
    fn requests_are_rewritten() {
        check(
            "GET http://Host/a?b HTTP/1.1\r\nHost: other\r\nProxy-Authorization: x\r\nA:  b\r\n\r\n",
            Ok(
                "http://host Length(0) GET /a?b HTTP/1.1\r\nHost: host\r\nA: b\r\nConnection: close\r\n\r\n",
            ),
        );
        check(
            "POST http://h:8080?q HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n",
            Ok(
                "http://h:8080 Length(3) POST /?q HTTP/1.1\r\nHost: h:8080\r\nContent-Length: 3\r\nConnection: close\r\n\r\n",
            ),
        );
        check(
            "PUT http://h HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            Ok(
                "http://h Chunked PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            ),
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        check("GET / HTTP/1.1\r\n\r\n", Err("this is a proxy"));
        check("GET https://h/ HTTP/1.1\r\n\r\n", Err("this is a proxy"));
        check("GET http://h@x/ HTTP/1.1\r\n\r\n", Err("no valid host"));
        check("GET http://h/ HTTP/2\r\n\r\n", Err("only HTTP/1"));
        check("GET http://h/\r\n\r\n", Err("request line"));
        check(
            "GET http://h/ HTTP/1.1\r\nno colon\r\n\r\n",
            Err("no colon"),
        );
        check(
            "GET http://h/ HTTP/1.1\r\n folded: x\r\n\r\n",
            Err("well formed"),
        );
        check(
            "GET http://h/ HTTP/1.1\r\nA: b\nHost: c\r\n\r\n",
            Err("well formed"),
        );
        check(
            "GET http://h/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            Err("more than one length"),
        );
        check(
            "GET http://h/ HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            Err("no number"),
        );
        check(
            "GET http://h/ HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            Err("only chunked"),
        );
        check("\r\n\r\n", Err("request line"));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, text in "[A-Z]{0,4} (http://)?[ -~]{0,20} HTTP/1.1\r\n[ -~\r\n]{0,40}") {
            let _ = parse(&bytes);
            let _ = parse(text.as_bytes());
        }

        #[test]
        fn what_is_sent_on_has_one_host(path in "[ -~]{0,20}", headers in "([A-Za-z-]{1,8}: ?[ -~]{0,8}\r\n){0,4}") {
            let head = format!("GET http://granted/{path} HTTP/1.1\r\n{headers}\r\n");
            if let Ok(Request::Forward { head, .. }) = parse(head.as_bytes()) {
                let sent = String::from_utf8(head).unwrap().to_ascii_lowercase();
                proptest::prop_assert_eq!(sent.matches("\r\nhost:").count(), 1);
                proptest::prop_assert_eq!(sent.matches("\r\n\r\n").count(), 1);
            }
        }
    }
}
