//! URLs within and without a grant, and that no encoding leads out of one.

use proptest::prelude::*;

use super::*;
use UrlMatch::{Exact, Origin, Prefix};

const OK: Option<Rule> = None;
const ORIGIN: Option<Rule> = Some(Rule::OtherOrigin);
const PATH: Option<Rule> = Some(Rule::OtherPath);

fn permitted(granted: &Url, url_match: UrlMatch, url: &Url) -> bool {
    permits(granted, url_match, &["GET".to_owned()], url, "GET").is_ok()
}

fn check(granted: &str, url_match: UrlMatch, rows: &[(&str, Option<Rule>)]) {
    let granted = Url::parse(granted).unwrap();
    for (text, expected) in rows {
        let url = Url::parse(text).unwrap();
        let found = permits(&granted, url_match, &["GET".to_owned()], &url, "GET");
        let found = found.err().map(|(rule, _)| rule);
        assert_eq!(found, *expected, "{text} within {granted} {url_match:?}");
    }
}

#[test]
fn origins() {
    check(
        "https://api.example.com/v2/",
        Origin,
        &[
            ("https://api.example.com/", OK),
            ("https://API.example.com:443/anything%2f..?q", OK),
            ("https://api.example.com./x", ORIGIN),
            ("http://api.example.com/", ORIGIN),
            ("https://api.example.com:8443/", ORIGIN),
            ("https://example.com/", ORIGIN),
            ("https://api.example.com.evil.example/", ORIGIN),
            ("https://evil.example\\@api.example.com/", ORIGIN),
            ("https://user@api.example.com/", ORIGIN),
            ("https://:pw@api.example.com/", ORIGIN),
            ("https://api.example.com@evil.example/", ORIGIN),
            ("ftp://api.example.com/", ORIGIN),
            ("data:text/plain,x", ORIGIN),
        ],
    );
    check(
        "http://127.0.0.1/",
        Origin,
        &[
            ("http://0x7f.1/", OK),
            ("http://2130706433/", OK),
            ("http://[::ffff:127.0.0.1]/", ORIGIN),
        ],
    );
}

#[test]
fn exact() {
    check(
        "https://a.example/health?full=1",
        Exact,
        &[
            ("https://a.example/health?full=1", OK),
            ("https://A.example:443/health?full=1", OK),
            ("https://a.example/health?full=1#part", OK),
            ("https://a.example/x/../health?full=1", OK),
            ("https://a.example/health", PATH),
            ("https://a.example/health?full=2", PATH),
            ("https://a.example/health/?full=1", PATH),
            ("https://a.example/Health?full=1", PATH),
            ("https://a.example/healt%68?full=1", PATH),
        ],
    );
    check(
        "https://a.example/health",
        Exact,
        &[("https://a.example/health?", PATH)],
    );
}

#[test]
fn prefixes() {
    check(
        "https://a.example/v2/",
        Prefix,
        &[
            ("https://a.example/v2/", OK),
            ("https://a.example/v2/x/y?q=/../", OK),
            ("https://a.example/v2/100%25", OK),
            ("https://a.example/v2/a%20b", OK),
            ("https://a.example/v2/...", OK),
            ("https://a.example/v2", PATH),
            ("https://a.example/v2evil", PATH),
            ("https://a.example/V2/", PATH),
            ("https://a.example/v2/../admin", PATH),
            ("https://a.example/v2/%2e%2e/admin", PATH),
            ("https://a.example/v2/.%2E/admin", PATH),
            ("https://a.example/v2\\..\\admin", PATH),
            ("https://a.example/v2/..%2fadmin", PATH),
            ("https://a.example/v2/%2e%2e%2Fadmin", PATH),
            ("https://a.example/v2/..%5cadmin", PATH),
            ("https://a.example/v2/%252e%252e/admin", PATH),
            ("https://a.example/v2/%25252e%25252e/admin", PATH),
            ("https://a.example/v2/%2525252525252e/", PATH),
            ("https://a.example/v2/..;/admin", PATH),
            ("https://a.example/v2/..;a=b/admin", PATH),
            ("https://a.example/v2/..%3b/admin", PATH),
            ("https://a.example/v2/%00", PATH),
        ],
    );
    check(
        "https://a.example/v2",
        Prefix,
        &[
            ("https://a.example/v2", OK),
            ("https://a.example/v2?x", OK),
            ("https://a.example/v2/", OK),
            ("https://a.example/v2/x", OK),
            ("https://a.example/v2x", PATH),
            ("https://a.example/v2%2fx", PATH),
        ],
    );
    check(
        "https://a.example/v2?key=1",
        Prefix,
        &[
            ("https://a.example/v2/x?key=1", OK),
            ("https://a.example/v2/x?key=2", PATH),
            ("https://a.example/v2/x", PATH),
        ],
    );
    check("https://a.example", Prefix, &[("https://a.example/x", OK)]);
}

#[test]
fn methods() {
    let granted = Url::parse("https://a.example/").unwrap();
    let check = |methods: &[&str], method: &str, expected: Option<&str>| {
        let methods: Vec<String> = methods.iter().map(|&method| method.to_owned()).collect();
        let found = permits(&granted, Origin, &methods, &granted, method);
        match expected {
            None => assert_eq!(found, Ok(()), "{method}"),
            Some(message) => {
                assert_eq!(
                    found,
                    Err((Rule::OtherMethod, message.to_owned())),
                    "{method}"
                );
            }
        }
    };
    check(&["GET"], "GET", None);
    check(&["GET"], "get", None);
    let message = |method: &str| format!("the method `{method}` is not granted (granted: GET)");
    for method in ["POST", "HEAD", "", "GET "] {
        check(&["GET"], method, Some(&message(method)));
    }
    check(
        &["GET", "HEAD"],
        "P\nOST",
        Some("the method `P\\nOST` is not granted (granted: GET, HEAD)"),
    );
    check(
        &[],
        "GET",
        Some("the method `GET` is not granted (none is granted)"),
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
    fn what_is_permitted_is_on_the_granted_origin(granted in any_url(), asked in any_url()) {
        let (Ok(granted), Ok(asked)) = (Url::parse(&granted), Url::parse(&asked)) else { return Ok(()) };
        for url_match in [Exact, Prefix, Origin] {
            if permitted(&granted, url_match, &asked) {
                prop_assert_eq!(asked.scheme(), granted.scheme());
                prop_assert_eq!(asked.host(), granted.host());
                prop_assert_eq!(asked.port_or_known_default(), granted.port_or_known_default());
                prop_assert!(asked.username().is_empty() && asked.password().is_none());
            }
        }
    }

    #[test]
    fn a_prefix_holds_what_is_below_it(text in "https?://[a-z@.:0-9]{1,20}/[ -~]{0,20}") {
        let granted = Url::parse("https://a.example/v2/").unwrap();
        if let Ok(url) = Url::parse(&text) && permitted(&granted, Prefix, &url) {
            prop_assert!(url.path().starts_with("/v2/"));
        }
    }

    /// Exact is within prefix wherever the path is plain, and both are within origin.
    #[test]
    fn wider_matches_permit_more(granted in any_url(), asked in any_url()) {
        let (Ok(granted), Ok(asked)) = (Url::parse(&granted), Url::parse(&asked)) else { return Ok(()) };
        let ok = |url_match| permitted(&granted, url_match, &asked);
        prop_assert!(!ok(Prefix) || ok(Origin));
        prop_assert!(!ok(Exact) || ok(Origin));
        prop_assert!(!ok(Exact) || !url_path::is_plain(asked.path()) || ok(Prefix));
    }

    /// No decoding of a path that a prefix permits climbs out of the prefix.
    #[test]
    fn no_decoding_climbs_out(rest in "(/|[a-z]|\\.|%2e|%2F|%5c|%252e|%252f|\\\\|;){0,12}") {
        let granted = Url::parse("https://a.example/v2/").unwrap();
        let Ok(url) = Url::parse(&format!("https://a.example/v2/{rest}")) else { return Ok(()) };
        if permitted(&granted, Prefix, &url) {
            let mut path = url.path().as_bytes().to_vec();
            for _ in 0..3 {
                let text = String::from_utf8_lossy(&path).replace('\\', "/");
                prop_assert!(text.starts_with("/v2/"));
                prop_assert!(!text.split('/').any(|part| part == ".."), "{text}");
                path = url_path::percent_decode(&path);
            }
        }
    }
}
