//! Whether a URL is covered by a URL grant.
//!
//! Both URLs are compared as the `url` crate parses them: scheme and host lower-case, IDNA applied, addresses in their
//! usual notation, default ports dropped, plain dot segments (`..`, `%2e%2e`) resolved. What survives that and could
//! still be read as a separator or a dot segment by a server (`%2f`, `%5c`, `..;x`, double encodings) is refused where
//! the path matters.

use url::Url;

use crate::target::canonical_host;

/// How many rounds of percent-decoding a path segment must be harmless under. Servers behind proxies decode twice;
/// a segment that still changes after this many is refused.
const DECODING_ROUNDS: usize = 4;

/// How far a URL grant reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UrlMatch {
    /// The very URL: path and query must be equal.
    Exact,
    /// The path and everything below it, by whole segments: `/v2` covers `/v2`, `/v2/` and `/v2/x` but not `/v2x`;
    /// `/v2/` covers `/v2/` and `/v2/x`. Any query, unless the grant has one: then that one.
    Prefix,
    /// Everything of scheme, host and port.
    Origin,
}

/// A URL that may be requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlGrant {
    /// The designated URL. Its fragment is without meaning.
    pub url: Url,
    /// How far the grant reaches.
    pub match_: UrlMatch,
    /// The methods, in upper case. An empty list grants none.
    pub methods: Vec<String>,
}

/// Why a request is not covered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UrlRefusal {
    /// The rule's stable identifier, `url.<what>`.
    pub rule: &'static str,
    /// One line for people. Holds no query, since queries carry tokens.
    pub message: String,
}

/// Whether `grant` covers a request to `url` by `method`.
///
/// # Errors
/// The first rule that the request breaks: `url.scheme`, `url.userinfo`, `url.host`, `url.port`, `url.path`,
/// `url.path-encoding`, `url.query`, `url.method`.
pub fn permits(grant: &UrlGrant, url: &Url, method: &str) -> Result<(), UrlRefusal> {
    same_origin_rule(&grant.url, url)?;
    match grant.match_ {
        UrlMatch::Origin => {}
        UrlMatch::Exact => {
            if url.path() != grant.url.path() {
                return Err(refusal("url.path", path_message(&grant.url, url)));
            }
            same_query(&grant.url, url)?;
        }
        UrlMatch::Prefix => {
            plain_path(url)?;
            if !is_below(grant.url.path(), url.path()) {
                return Err(refusal("url.path", path_message(&grant.url, url)));
            }
            if grant.url.query().is_some() {
                same_query(&grant.url, url)?;
            }
        }
    }
    if grant.methods.iter().any(|granted| granted == method) {
        return Ok(());
    }
    let granted = if grant.methods.is_empty() {
        "no method is".to_owned()
    } else {
        format!("granted: {}", grant.methods.join(", "))
    };
    Err(refusal(
        "url.method",
        format!(
            "the method `{}` is not granted ({granted})",
            method.escape_debug()
        ),
    ))
}

/// Whether two URLs have scheme, host and port in common. Opaque origins (other schemes) have nothing in common.
pub fn same_origin(a: &Url, b: &Url) -> bool {
    same_origin_rule(a, b).is_ok()
}

fn same_origin_rule(granted: &Url, url: &Url) -> Result<(), UrlRefusal> {
    for side in [granted, url] {
        if !matches!(side.scheme(), "http" | "https") {
            return Err(refusal(
                "url.scheme",
                format!(
                    "`{}` URLs are not supported: only http and https are",
                    side.scheme()
                ),
            ));
        }
        if !side.username().is_empty() || side.password().is_some() {
            return Err(refusal(
                "url.userinfo",
                "a URL with a user name or password in it is refused".to_owned(),
            ));
        }
    }
    if granted.scheme() != url.scheme() {
        return Err(refusal(
            "url.scheme",
            format!(
                "the scheme `{}` is not granted (granted: {})",
                url.scheme(),
                granted.scheme()
            ),
        ));
    }
    match (host(granted), host(url)) {
        (Some(granted), Some(asked)) if granted == asked => {}
        (granted, asked) => {
            let [granted, asked] =
                [granted, asked].map(|host| host.unwrap_or_else(|| "none".to_owned()));
            return Err(refusal(
                "url.host",
                format!("the host `{asked}` is not granted (granted: {granted})"),
            ));
        }
    }
    if granted.port_or_known_default() != url.port_or_known_default() {
        let number = |url: &Url| url.port_or_known_default().unwrap_or_default();
        return Err(refusal(
            "url.port",
            format!(
                "the port {} is not granted (granted: {})",
                number(url),
                number(granted)
            ),
        ));
    }
    Ok(())
}

fn host(url: &Url) -> Option<String> {
    canonical_host(url.host_str()?).ok()
}

fn same_query(granted: &Url, url: &Url) -> Result<(), UrlRefusal> {
    if granted.query() == url.query() {
        return Ok(());
    }
    Err(refusal(
        "url.query",
        format!("the query is not the granted one of {}", granted.path()),
    ))
}

fn path_message(granted: &Url, url: &Url) -> String {
    format!(
        "the path {} is not granted (granted: {})",
        url.path(),
        granted.path()
    )
}

/// Whether `path` is `prefix` or lies below it.
fn is_below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
}

fn plain_path(url: &Url) -> Result<(), UrlRefusal> {
    if url.path().split('/').all(is_plain) {
        return Ok(());
    }
    Err(refusal(
        "url.path-encoding",
        format!(
            "the path {} has an encoded separator or dot segment, which servers read in different ways",
            url.path()
        ),
    ))
}

/// Whether no decoding of `segment` contains a separator or is a dot segment, also one with parameters (`..;x`).
fn is_plain(segment: &str) -> bool {
    let mut bytes = segment.as_bytes().to_vec();
    for _ in 0..DECODING_ROUNDS {
        if bytes.iter().any(|b| matches!(b, b'/' | b'\\' | 0)) {
            return false;
        }
        let name = bytes.split(|b| *b == b';').next().unwrap_or_default();
        if matches!(name, b"." | b"..") {
            return false;
        }
        let decoded = percent_decode(&bytes);
        if decoded == bytes {
            return true;
        }
        bytes = decoded;
    }
    false
}

fn percent_decode(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let pair = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match pair {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(first);
                rest = tail;
            }
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

fn refusal(rule: &'static str, message: String) -> UrlRefusal {
    UrlRefusal { rule, message }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use UrlMatch::{Exact, Origin, Prefix};

    fn grant(url: &str, match_: UrlMatch) -> UrlGrant {
        UrlGrant {
            url: Url::parse(url).unwrap(),
            match_,
            methods: vec!["GET".to_owned()],
        }
    }

    fn check(granted: &str, match_: UrlMatch, rows: &[(&str, &str)]) {
        let grant = grant(granted, match_);
        for (url, expected) in rows {
            let found = match permits(&grant, &Url::parse(url).unwrap(), "GET") {
                Ok(()) => "ok",
                Err(refusal) => refusal.rule,
            };
            assert_eq!(&found, expected, "{granted} {match_:?} {url}");
        }
    }

    #[test]
    fn origins() {
        check(
            "https://api.example.com/v2/",
            Origin,
            &[
                ("https://api.example.com/", "ok"),
                ("https://API.example.com:443/anything%2f..?q", "ok"),
                ("https://api.example.com./x", "ok"),
                ("http://api.example.com/", "url.scheme"),
                ("https://api.example.com:8443/", "url.port"),
                ("https://example.com/", "url.host"),
                ("https://api.example.com.evil.example/", "url.host"),
                ("https://evil.example\\@api.example.com/", "url.host"),
                ("https://user@api.example.com/", "url.userinfo"),
                ("https://:pw@api.example.com/", "url.userinfo"),
                ("https://api.example.com@evil.example/", "url.userinfo"),
                ("ftp://api.example.com/", "url.scheme"),
                ("data:text/plain,x", "url.scheme"),
            ],
        );
        check(
            "http://127.0.0.1/",
            Origin,
            &[
                ("http://0x7f.1/", "ok"),
                ("http://2130706433/", "ok"),
                ("http://[::ffff:127.0.0.1]/", "url.host"),
            ],
        );
    }

    #[test]
    fn exact() {
        check(
            "https://a.example/health?full=1",
            Exact,
            &[
                ("https://a.example/health?full=1", "ok"),
                ("https://a.example/health?full=1#part", "ok"),
                ("https://a.example/x/../health?full=1", "ok"),
                ("https://a.example/health", "url.query"),
                ("https://a.example/health?full=2", "url.query"),
                ("https://a.example/health/?full=1", "url.path"),
                ("https://a.example/Health?full=1", "url.path"),
                ("https://a.example/healt%68?full=1", "url.path"),
            ],
        );
        check(
            "https://a.example/health",
            Exact,
            &[("https://a.example/health?", "url.query")],
        );
    }

    #[test]
    fn prefixes() {
        check(
            "https://a.example/v2/",
            Prefix,
            &[
                ("https://a.example/v2/", "ok"),
                ("https://a.example/v2/x/y?q=/../", "ok"),
                ("https://a.example/v2/100%25", "ok"),
                ("https://a.example/v2/a%20b", "ok"),
                ("https://a.example/v2/...", "ok"),
                ("https://a.example/v2", "url.path"),
                ("https://a.example/v2evil", "url.path"),
                ("https://a.example/V2/", "url.path"),
                ("https://a.example/v2/../admin", "url.path"),
                ("https://a.example/v2/%2e%2e/admin", "url.path"),
                ("https://a.example/v2/.%2E/admin", "url.path"),
                ("https://a.example/v2\\..\\admin", "url.path"),
                ("https://a.example/v2/..%2fadmin", "url.path-encoding"),
                ("https://a.example/v2/%2e%2e%2Fadmin", "url.path-encoding"),
                ("https://a.example/v2/..%5cadmin", "url.path-encoding"),
                ("https://a.example/v2/%252e%252e/admin", "url.path-encoding"),
                (
                    "https://a.example/v2/%25252e%25252e/admin",
                    "url.path-encoding",
                ),
                ("https://a.example/v2/%2525252525252e/", "url.path-encoding"),
                ("https://a.example/v2/..;/admin", "url.path-encoding"),
                ("https://a.example/v2/..;a=b/admin", "url.path-encoding"),
                ("https://a.example/v2/..%3b/admin", "url.path-encoding"),
                ("https://a.example/v2/%00", "url.path-encoding"),
            ],
        );
        check(
            "https://a.example/v2",
            Prefix,
            &[
                ("https://a.example/v2", "ok"),
                ("https://a.example/v2?x", "ok"),
                ("https://a.example/v2/", "ok"),
                ("https://a.example/v2/x", "ok"),
                ("https://a.example/v2x", "url.path"),
                ("https://a.example/v2%2fx", "url.path-encoding"),
            ],
        );
        check(
            "https://a.example/v2?key=1",
            Prefix,
            &[
                ("https://a.example/v2/x?key=1", "ok"),
                ("https://a.example/v2/x?key=2", "url.query"),
            ],
        );
        check(
            "https://a.example",
            Prefix,
            &[("https://a.example/x", "ok")],
        );
    }

    #[test]
    fn methods() {
        let mut grant = grant("https://a.example/", Origin);
        let url = grant.url.clone();
        assert_eq!(permits(&grant, &url, "GET"), Ok(()));
        for method in ["POST", "get", "HEAD", ""] {
            assert_eq!(
                permits(&grant, &url, method).unwrap_err().rule,
                "url.method"
            );
        }
        grant.methods.clear();
        assert_eq!(
            permits(&grant, &url, "GET").unwrap_err().message,
            "the method `GET` is not granted (no method is)"
        );
    }

    fn any_url() -> impl Strategy<Value = String> {
        let path = "(/|[a-z]|\\.|%2e|%2F|%5c|%25|\\\\|;|\\?|#|@|:){0,12}";
        (
            prop_oneof![Just("http"), Just("https"), Just("ftp")],
            prop_oneof![
                Just("a.example"),
                Just("A.example."),
                Just("b.example"),
                Just("127.1"),
                Just("u@a.example")
            ],
            prop_oneof![Just(""), Just(":80"), Just(":443")],
            path,
        )
            .prop_map(|(scheme, host, port, path)| format!("{scheme}://{host}{port}/{path}"))
    }

    proptest! {
        #[test]
        fn permitted_implies_the_same_origin(granted in any_url(), asked in any_url()) {
            let (Ok(granted), Ok(asked)) = (Url::parse(&granted), Url::parse(&asked)) else { return Ok(()) };
            for match_ in [Exact, Prefix, Origin] {
                let grant = UrlGrant { url: granted.clone(), match_, methods: vec!["GET".to_owned()] };
                if permits(&grant, &asked, "GET").is_ok() {
                    prop_assert!(same_origin(&granted, &asked));
                    prop_assert_eq!(asked.scheme(), granted.scheme());
                    prop_assert_eq!(asked.port_or_known_default(), granted.port_or_known_default());
                    let bare = |url: &Url| url.host_str().map(|host| host.trim_end_matches('.').to_owned());
                    prop_assert_eq!(bare(&asked), bare(&granted));
                }
            }
        }

        /// Exact is within prefix wherever the path is plain, and both are within origin.
        #[test]
        fn wider_matches_permit_more(granted in any_url(), asked in any_url()) {
            let (Ok(granted), Ok(asked)) = (Url::parse(&granted), Url::parse(&asked)) else { return Ok(()) };
            let ok = |match_| {
                let grant = UrlGrant { url: granted.clone(), match_, methods: vec!["GET".to_owned()] };
                permits(&grant, &asked, "GET").is_ok()
            };
            prop_assert!(!ok(Prefix) || ok(Origin));
            prop_assert!(!ok(Exact) || ok(Origin));
            prop_assert!(!ok(Exact) || plain_path(&asked).is_err() || ok(Prefix));
        }

        /// No decoding of a path that a prefix permits climbs out of the prefix.
        #[test]
        fn no_decoding_climbs_out(rest in "(/|[a-z]|\\.|%2e|%2F|%5c|%252e|%252f|\\\\|;){0,12}") {
            let grant = grant("https://a.example/v2/", Prefix);
            let Ok(url) = Url::parse(&format!("https://a.example/v2/{rest}")) else { return Ok(()) };
            if permits(&grant, &url, "GET").is_ok() {
                let mut path = url.path().as_bytes().to_vec();
                for _ in 0..3 {
                    let text = String::from_utf8_lossy(&path).replace('\\', "/");
                    prop_assert!(text.starts_with("/v2/"));
                    prop_assert!(!text.split('/').any(|part| part == ".."), "{text}");
                    path = percent_decode(&path);
                }
            }
        }
    }
}
