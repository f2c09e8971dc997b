//! Requests to real servers on loopback, well-behaved and hostile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use capstep_net::http::{Body, BodyAborted, Bytes, HttpRequest, HttpResponse, send};
use capstep_net::{Designation, Dialer, NetError, NetErrorKind, NetworkPolicy};
use support::{Answers, policy, server, web};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use url::Url;

const SHORT: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(20);

fn request(address: SocketAddr, path: &str) -> HttpRequest {
    let url = Url::parse(&format!("http://{address}{path}")).unwrap();
    HttpRequest {
        timeout: LONG,
        ..HttpRequest::new("GET", url)
    }
}

fn no_redirects(url: &Url, _method: &str) -> Result<Designation, String> {
    Err(format!("{} is not granted", url.path()))
}

async fn go(request: HttpRequest) -> Result<HttpResponse, NetError> {
    let dialer = Dialer::new(NetworkPolicy::default());
    send(&dialer, Designation::Literal, request, &no_redirects).await
}

/// The error of a request whose body is read to the end.
async fn go_wrong(request: HttpRequest) -> NetError {
    match go(request).await {
        Err(error) => error,
        Ok(response) => response.body.collect().await.unwrap_err(),
    }
}

fn ok(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn a_request_arrives_as_built() {
    let address = web(ok).await;
    let mut asked = request(address, "/a/../b%20c?x=1&y=%2F#fragment");
    asked.headers = vec![
        ("X-One".into(), b"1".to_vec()),
        ("x-one".into(), b"2".to_vec()),
    ];
    let response = go(asked).await.unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(response.peer, address);
    assert_eq!(response.tls, None);
    assert_eq!(response.redirects, 0);
    assert!(response.notes.is_empty());
    assert!(response.header("content-length").is_some());
    let echoed = String::from_utf8(response.body.collect().await.unwrap()).unwrap();
    let mut lines = echoed.lines();
    assert_eq!(lines.next(), Some("GET /b%20c?x=1&y=%2F HTTP/1.1"));
    for line in [
        format!("host: {address}"),
        "x-one: 1".to_owned(),
        "x-one: 2".to_owned(),
        "accept: */*".to_owned(),
        "connection: close".to_owned(),
    ] {
        assert_eq!(
            echoed.lines().filter(|known| **known == line).count(),
            1,
            "{line} in {echoed}"
        );
    }
    for absent in [
        "accept-encoding",
        "referer",
        "content-length",
        "transfer-encoding",
    ] {
        assert!(!echoed.contains(absent), "{absent} in {echoed}");
    }
}

#[tokio::test]
async fn bodies_are_framed_by_the_host() {
    let address = web(ok).await;
    let echo = async |method: &str, body: Body| {
        let mut asked = request(address, "/");
        asked.method = method.to_owned();
        asked.body = body;
        let response = go(asked).await.unwrap();
        String::from_utf8(response.body.collect().await.unwrap()).unwrap()
    };
    let stream = |length: Option<u64>| {
        let (sender, chunks) = mpsc::channel(4);
        for part in ["one ", "", "two"] {
            sender.try_send(Ok(Bytes::from(part))).unwrap();
        }
        Body::Stream { chunks, length }
    };
    for (method, body, expected, end) in [
        ("POST", Body::Empty, "content-length: 0", "\r\n\r\n"),
        (
            "POST",
            Body::Bytes("text".into()),
            "content-length: 4",
            "\r\n\r\ntext",
        ),
        (
            "DELETE",
            Body::Bytes("text".into()),
            "content-length: 4",
            "\r\n\r\ntext",
        ),
        (
            "PUT",
            stream(Some(7)),
            "content-length: 7",
            "\r\n\r\none two",
        ),
        (
            "PUT",
            stream(None),
            "transfer-encoding: chunked",
            "4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n",
        ),
    ] {
        let echoed = echo(method, body).await;
        assert!(echoed.contains(expected), "{echoed}");
        assert!(echoed.ends_with(end), "{echoed}");
        assert_eq!(
            echoed.matches("content-length").count() + echoed.matches("transfer-encoding").count(),
            1
        );
    }
}

#[tokio::test]
async fn a_broken_off_body_breaks_the_request_off() {
    let address = web(ok).await;
    for (parts, length) in [
        (
            vec![
                Ok(Bytes::from("part")),
                Err(BodyAborted("the source failed".into())),
            ],
            None,
        ),
        (vec![Ok(Bytes::from("part"))], Some(5)),
        (
            vec![Ok(Bytes::from("part")), Ok(Bytes::from("more"))],
            Some(5),
        ),
    ] {
        let (sender, chunks) = mpsc::channel(4);
        for part in parts {
            sender.try_send(part).unwrap();
        }
        drop(sender);
        let mut asked = request(address, "/");
        asked.method = "POST".to_owned();
        asked.body = Body::Stream { chunks, length };
        let error = go_wrong(asked).await;
        assert_eq!(error.kind, NetErrorKind::Cancelled, "{error}");
    }
}

#[tokio::test]
async fn wrong_requests_never_leave() {
    let address = web(|_| panic!("nothing may arrive")).await;
    let tries: [fn(&mut HttpRequest); 8] = [
        |r| r.headers.push(("Host".into(), b"evil".to_vec())),
        |r| r.headers.push(("Content-Length".into(), b"3".to_vec())),
        |r| {
            r.headers
                .push(("Transfer-Encoding".into(), b"chunked".to_vec()))
        },
        |r| r.headers.push(("X-A".into(), b"a\r\nX-B: b".to_vec())),
        |r| r.headers.push(("X-A\r\nX-B".into(), b"a".to_vec())),
        |r| r.method = "GET / HTTP/1.1\r\nX: y".to_owned(),
        |r| r.method = "CONNECT".to_owned(),
        |r| r.url.set_username("user").unwrap(),
    ];
    for change in tries {
        let mut asked = request(address, "/");
        change(&mut asked);
        assert_eq!(go_wrong(asked).await.kind, NetErrorKind::Invalid);
    }
}

#[tokio::test]
async fn a_huge_body_ends_at_the_limit() {
    // Announced: known from the head.
    let announced =
        web(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\nx".to_vec()).await;
    // Not announced: known when the limit is reached. 10 GB are on their way, but only what is read is ever sent.
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let endless = server(move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            support::read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let block = vec![b'x'; 1 << 20];
            for _ in 0..10 * 1024 {
                if stream.write_all(&block).await.is_err() {
                    return;
                }
                counter.fetch_add(1 << 20, Ordering::SeqCst);
            }
        }
    })
    .await;
    for address in [announced, endless] {
        let mut asked = request(address, "/");
        asked.max_body = 4 << 20;
        let response = go(asked).await.unwrap();
        let error = response.body.collect().await.unwrap_err();
        assert_eq!(error.kind, NetErrorKind::TooLarge);
        assert_eq!(
            error.message,
            "the body from `127.0.0.1` is larger than 4194304 bytes"
        );
    }
    // The limit and what the sockets' buffers hold.
    assert!(sent.load(Ordering::SeqCst) < 64 << 20);
}

#[tokio::test]
async fn a_body_of_the_very_limit_is_fine() {
    let address = web(|_| ok("12345678")).await;
    for (limit, expected) in [(8, true), (7, false)] {
        let mut asked = request(address, "/");
        asked.max_body = limit;
        let body = go(asked).await.unwrap().body;
        assert_eq!(body.announced(), Some(8));
        assert_eq!(body.collect().await.is_ok(), expected);
    }
    // HEAD announces what it doesn't send.
    let address = web(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n".to_vec()).await;
    let mut asked = request(address, "/");
    asked.method = "HEAD".to_owned();
    asked.max_body = 7;
    assert_eq!(go(asked).await.unwrap().body.collect().await.unwrap(), b"");
}

#[tokio::test]
async fn improper_answers_are_errors() {
    let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let rows: Vec<(Vec<u8>, NetErrorKind)> = vec![
        (b"".to_vec(), NetErrorKind::Http),
        (b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), NetErrorKind::Http),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc".to_vec(),
            NetErrorKind::Http,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde".to_vec(),
            NetErrorKind::Http,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc".to_vec(),
            NetErrorKind::Http,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n".to_vec(),
            NetErrorKind::Http,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc"
                .to_vec(),
            NetErrorKind::Http,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n"
                .to_vec(),
            NetErrorKind::Http,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n".to_vec(),
            NetErrorKind::Http,
        ),
        (
            b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n".to_vec(),
            NetErrorKind::Http,
        ),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
                .to_vec(),
            NetErrorKind::Http,
        ),
        (
            format!("HTTP/1.1 200 OK\r\n{many}\r\n").into_bytes(),
            NetErrorKind::TooLarge,
        ),
        (
            format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(70_000)).into_bytes(),
            NetErrorKind::TooLarge,
        ),
    ];
    for (answer, expected) in rows {
        let shown = String::from_utf8_lossy(&answer)
            .chars()
            .take(80)
            .collect::<String>();
        let address = web(move |_| answer.clone()).await;
        let error = go_wrong(request(address, "/")).await;
        assert_eq!(error.kind, expected, "{shown:?}: {error}");
        assert!(error.message.contains("`127.0.0.1`"), "{error}");
    }
}

#[tokio::test]
async fn endless_heads_are_cut() {
    let address = server(async |mut stream| {
        support::read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream
            .write_all(b"x-filler: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n")
            .await
            .is_ok()
        {}
    })
    .await;
    assert_eq!(
        go_wrong(request(address, "/")).await.kind,
        NetErrorKind::TooLarge
    );
}

#[tokio::test]
async fn slow_peers_meet_the_deadline() {
    let drip = |start: &'static [u8]| {
        server(move |mut stream| async move {
            support::read_request(&mut stream).await;
            let _ = stream.write_all(start).await;
            while stream.write_all(b"1").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    let silent = server(async |stream| {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let continues = server(async |mut stream| {
        support::read_request(&mut stream).await;
        while stream
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await
            .is_ok()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    for address in [
        silent,
        continues,
        drip(b"HTTP/1.1 200 ").await,
        drip(b"HTTP/1.1 200 OK\r\nX: ").await,
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await,
        drip(b"HTTP/1.1 200 OK\r\n\r\n").await,
    ] {
        let mut asked = request(address, "/");
        asked.timeout = SHORT;
        let start = Instant::now();
        let error = go_wrong(asked).await;
        assert_eq!(error.kind, NetErrorKind::Timeout, "{error}");
        assert!(start.elapsed() < LONG / 2);
    }
    for timeout in [Duration::ZERO, Duration::MAX] {
        let address = web(|_| ok("x")).await;
        let mut asked = request(address, "/");
        asked.timeout = timeout;
        assert_eq!(go(asked).await.is_ok(), timeout == Duration::MAX);
    }
}

fn redirect(status: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
        .into_bytes()
}

#[tokio::test]
async fn redirects_are_followed_only_where_asked_and_granted() {
    let address = web(|request| match request.split(' ').nth(1) {
        Some("/start") => redirect(302, "/next?token=1"),
        Some("/loop") => redirect(307, "/loop"),
        _ => ok(request),
    })
    .await;
    let dialer = Dialer::new(NetworkPolicy::default());
    let granted = |url: &Url, method: &str| {
        assert_eq!(method, "GET");
        (url.path() != "/denied")
            .then_some(Designation::Literal)
            .ok_or_else(|| "denied".to_owned())
    };

    let response = send(
        &dialer,
        Designation::Literal,
        request(address, "/start"),
        &granted,
    )
    .await
    .unwrap();
    assert_eq!(response.status, 302);
    assert_eq!(response.header("location"), Some(&b"/next?token=1"[..]));

    let mut asked = request(address, "/start");
    asked.redirects = 1;
    let response = send(&dialer, Designation::Literal, asked, &granted)
        .await
        .unwrap();
    assert_eq!((response.status, response.redirects), (200, 1));
    assert_eq!(response.url.path(), "/next");

    let mut asked = request(address, "/start");
    asked.redirects = 1;
    let error = go_wrong(asked).await;
    assert_eq!(error.kind, NetErrorKind::Refused);
    assert_eq!(error.rule(), Some("redirect.not-granted"));
    assert!(
        error.message.ends_with("/next: /next is not granted"),
        "{error}"
    );

    let mut asked = request(address, "/loop");
    asked.redirects = 5;
    let error = send(&dialer, Designation::Literal, asked, &granted)
        .await
        .unwrap_err();
    assert_eq!(error.kind, NetErrorKind::Http);
    assert!(
        error.message.starts_with("more than 5 redirects"),
        "{error}"
    );
}

#[tokio::test]
async fn a_redirect_to_a_denied_address_is_refused_even_where_the_check_agrees() {
    let secret = web(|_| panic!("nothing may arrive")).await;
    let address = web(move |request| match request.split(' ').nth(1) {
        Some("/loopback") => redirect(302, &format!("http://{secret}/")),
        Some("/mapped") => redirect(
            302,
            &format!("http://[::ffff:127.0.0.1]:{}/", secret.port()),
        ),
        Some("/decimal") => redirect(302, &format!("http://2130706433:{}/", secret.port())),
        Some("/localhost") => redirect(302, &format!("http://localhost:{}/", secret.port())),
        _ => redirect(302, "http://169.254.169.254/latest/meta-data/"),
    })
    .await;
    let dialer = Dialer::new(NetworkPolicy::default());
    for (path, rule) in [
        ("/loopback", "address.loopback"),
        ("/mapped", "address.loopback"),
        ("/decimal", "address.loopback"),
        ("/localhost", "address.loopback"),
        ("/metadata", "address.metadata"),
    ] {
        let mut asked = request(address, path);
        asked.redirects = 3;
        let error = send(&dialer, Designation::Literal, asked, &|_, _| {
            Ok(Designation::RunTime)
        })
        .await
        .unwrap_err();
        assert_eq!(error.kind, NetErrorKind::Refused);
        assert_eq!(error.rule(), Some(rule), "{path}");
    }
}

#[tokio::test]
async fn a_name_that_is_rebound_between_redirects_is_judged_again() {
    let address = web(|request| match request.split(' ').nth(1) {
        Some("/start") => redirect(302, "/next"),
        _ => panic!("nothing may arrive"),
    })
    .await;
    let answers = Answers::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let dialer = Dialer::with_resolver(policy(&["127.0.0.1"]), answers.clone());
    let mut asked = request(address, "/start");
    asked.url = Url::parse(&format!("http://app.example:{}/start", address.port())).unwrap();
    asked.redirects = 3;
    let error = send(&dialer, Designation::Name, asked, &|_, _| {
        Ok(Designation::Name)
    })
    .await
    .unwrap_err();
    assert_eq!(error.rule(), Some("address.private"));
    assert_eq!(answers.count(), 2);
}

#[tokio::test]
async fn credentials_and_bodies_do_not_follow_to_another_origin() {
    let other = web(ok).await;
    let address = web(move |request| {
        let status = request.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        redirect(status, &format!("http://{other}/x"))
    })
    .await;
    let dialer = Dialer::new(NetworkPolicy::default());
    let follow = async |path: &str, secret_body: bool, stream: bool| {
        let mut asked = request(address, path);
        asked.method = "POST".to_owned();
        asked.headers = [
            ("Authorization", "s3cret"),
            ("Cookie", "s3cret"),
            ("X-Token", "s3cret"),
            ("X-Plain", "kept"),
        ]
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .to_vec();
        asked.secret_headers = vec!["X-TOKEN".to_owned()];
        asked.body = Body::Bytes("the body".into());
        if stream {
            let (_, chunks) = mpsc::channel(1);
            asked.body = Body::Stream {
                chunks,
                length: None,
            };
        }
        asked.secret_body = secret_body;
        asked.redirects = 1;
        let response = send(&dialer, Designation::Literal, asked, &|_, _| {
            Ok(Designation::Literal)
        })
        .await?;
        Ok::<_, NetError>(String::from_utf8(response.body.collect().await?).unwrap())
    };
    for (path, method, body) in [
        ("/302", "GET", false),
        ("/303", "GET", false),
        ("/307", "POST", true),
    ] {
        let echoed = follow(path, false, false).await.unwrap();
        assert!(echoed.starts_with(method), "{echoed}");
        assert!(!echoed.contains("s3cret"), "{echoed}");
        assert!(echoed.contains("x-plain: kept"), "{echoed}");
        assert_eq!(echoed.ends_with("the body"), body, "{echoed}");
    }
    let error = follow("/308", true, false).await.unwrap_err();
    assert_eq!(error.rule(), Some("redirect.secret-body"));
    assert!(
        !follow("/302", true, false)
            .await
            .unwrap()
            .contains("the body")
    );
    let error = follow("/307", false, true).await.unwrap_err();
    assert!(
        error
            .message
            .contains("a streamed body cannot be sent again"),
        "{error}"
    );
}

#[tokio::test]
async fn dropping_the_body_closes_the_connection() {
    let (closed, mut seen) = mpsc::channel(1);
    let address = server(move |mut stream| {
        let closed = closed.clone();
        async move {
            support::read_request(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            closed.send(()).await.unwrap();
        }
    })
    .await;
    let mut response = go(request(address, "/")).await.unwrap();
    assert!(response.body.chunk().await.unwrap().is_some());
    drop(response);
    assert_eq!(tokio::time::timeout(LONG, seen.recv()).await, Ok(Some(())));
}
