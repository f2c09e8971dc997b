//! Connections and probes against real sockets, with names that lead where the test says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::time::{Duration, Instant};

use capstep_net::tcp::{MAX_BANNER, TcpProbe, probe};
use capstep_net::{Designation, Dialer, Endpoint, NetErrorKind, NetworkPolicy};
use support::{Answers, closed_port, policy, server};
use tokio::io::AsyncWriteExt;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(20);

fn name(host: &str, port: u16) -> Endpoint {
    Endpoint::new(host, port, Designation::Name).unwrap()
}

#[tokio::test]
async fn literals_and_localhost_are_reached_without_a_question() {
    let address = server(async |_| {}).await;
    let answers = Answers::new(&[&["203.0.113.1"]]);
    let dialer = Dialer::with_resolver(NetworkPolicy::default(), answers.clone());
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "localhost",
        "LOCALHOST.",
    ] {
        let endpoint = Endpoint::written(host, address.port()).unwrap();
        let dialed = dialer.dial(&endpoint, LONG).await.unwrap();
        assert_eq!(dialed.peer, address);
        assert!(dialed.stream.nodelay().unwrap());
        assert_eq!(dialed.note, None);
    }
    assert_eq!(answers.count(), 0);
}

#[tokio::test]
async fn a_name_that_leads_to_loopback_or_metadata_is_refused() {
    let address = server(async |_| {}).await;
    for (answer, rule) in [
        ("127.0.0.1", "address.loopback"),
        ("::ffff:127.0.0.1", "address.loopback"),
        ("0.0.0.0", "address.special"),
        ("169.254.169.254", "address.metadata"),
        ("64:ff9b::a9fe:a9fe", "address.metadata"),
    ] {
        let dialer = Dialer::with_resolver(NetworkPolicy::default(), Answers::new(&[&[answer]]));
        let error = dialer
            .dial(&name("app.example", address.port()), LONG)
            .await
            .unwrap_err();
        assert_eq!(error.kind, NetErrorKind::Refused);
        assert_eq!(error.rule(), Some(rule), "{answer}");
        assert!(
            error.message.starts_with("`app.example` leads to "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_metadata_name_is_not_even_resolved() {
    let answers = Answers::new(&[&["203.0.113.1"]]);
    let dialer = Dialer::with_resolver(NetworkPolicy::default(), answers.clone());
    let endpoint = Endpoint::written("Metadata.Google.Internal.", 80).unwrap();
    let error = dialer.dial(&endpoint, LONG).await.unwrap_err();
    assert_eq!(error.rule(), Some("address.metadata"));
    assert_eq!(answers.count(), 0);
}

#[tokio::test]
async fn one_lookup_and_the_connection_goes_to_the_checked_address() {
    let address = server(async |_| {}).await;
    // The first answer is allowed, the second is what a rebinding name server would give next.
    let answers = Answers::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let dialer = Dialer::with_resolver(policy(&["127.0.0.1"]), answers.clone());
    let dialed = dialer
        .dial(&name("app.example", address.port()), LONG)
        .await
        .unwrap();
    assert_eq!(dialed.peer, address);
    assert_eq!(answers.count(), 1);
    let error = dialer
        .dial(&name("app.example", address.port()), LONG)
        .await
        .unwrap_err();
    assert_eq!(error.rule(), Some("address.private"));
    assert_eq!(answers.count(), 2);
}

#[tokio::test]
async fn refused_addresses_beside_granted_ones_are_left_out() {
    let address = server(async |_| {}).await;
    let answers = Answers::new(&[&["169.254.169.254", "10.1.1.1", "127.0.0.1"]]);
    let dialer = Dialer::with_resolver(policy(&["127.0.0.1"]), answers);
    let dialed = dialer
        .dial(&name("app.example", address.port()), LONG)
        .await
        .unwrap();
    assert_eq!(dialed.peer, address);
    let note = dialed.note.unwrap();
    assert!(
        note.starts_with("not tried: `app.example` leads to 169.254.169.254"),
        "{note}"
    );
}

#[tokio::test]
async fn the_next_address_gets_its_turn_when_one_is_refused_by_the_peer() {
    let address = server(async |_| {}).await;
    let answers = Answers::new(&[&["127.0.0.2", "127.0.0.1"]]);
    let dialer = Dialer::with_resolver(policy(&["127.0.0.0/8"]), answers);
    let dialed = dialer
        .dial(&name("app.example", address.port()), LONG)
        .await
        .unwrap();
    assert_eq!(dialed.peer, address);
}

#[tokio::test]
async fn failures_say_their_stage() {
    let port = closed_port().await;
    let dialer = Dialer::new(NetworkPolicy::default());
    let endpoint = Endpoint::written("127.0.0.1", port).unwrap();
    let error = dialer.dial(&endpoint, LONG).await.unwrap_err();
    assert_eq!(error.kind, NetErrorKind::Unreachable);
    assert_eq!(
        error.message,
        format!("connection refused by 127.0.0.1:{port}")
    );

    let dialer = Dialer::with_resolver(NetworkPolicy::default(), Answers::new(&[]));
    let error = dialer.dial(&name("x.example", 80), LONG).await.unwrap_err();
    assert_eq!(error.kind, NetErrorKind::Name);
    assert_eq!(error.message, "cannot resolve `x.example`: no such name");

    let dialer = Dialer::with_resolver(NetworkPolicy::default(), Answers::new(&[&[]]));
    let error = dialer.dial(&name("x.example", 80), LONG).await.unwrap_err();
    assert_eq!(error.kind, NetErrorKind::Name);
}

struct Silent;

impl capstep_net::resolve::Resolver for Silent {
    fn resolve<'a>(&'a self, _host: &'a str) -> capstep_net::resolve::Resolving<'a> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn resolving_counts_towards_the_timeout() {
    let dialer = Dialer::with_resolver(NetworkPolicy::default(), std::sync::Arc::new(Silent));
    let start = Instant::now();
    let error = dialer
        .dial(&name("x.example", 80), SHORT)
        .await
        .unwrap_err();
    assert_eq!(error.kind, NetErrorKind::Timeout);
    assert!(start.elapsed() < LONG);
}

#[tokio::test]
async fn a_banner_is_read_to_its_line_end() {
    let address = server(async |mut stream| {
        stream.write_all(b"SSH-2.0-").await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(b"test\r\n").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let dialer = Dialer::new(NetworkPolicy::default());
    let endpoint = Endpoint::written("127.0.0.1", address.port()).unwrap();
    let asked = TcpProbe {
        banner: true,
        timeout: LONG,
    };
    let answer = probe(&dialer, &endpoint, &asked).await.unwrap();
    assert_eq!(answer.banner.as_deref(), Some(&b"SSH-2.0-test\r\n"[..]));
    assert_eq!(answer.peer, address);
    let unasked = TcpProbe {
        banner: false,
        timeout: LONG,
    };
    assert_eq!(
        probe(&dialer, &endpoint, &unasked).await.unwrap().banner,
        None
    );
}

#[tokio::test]
async fn a_banner_is_bounded_in_size_and_time() {
    let dialer = Dialer::new(NetworkPolicy::default());
    let endless =
        server(async |mut stream| while stream.write_all(&[b'x'; 4096]).await.is_ok() {}).await;
    let asked = TcpProbe {
        banner: true,
        timeout: LONG,
    };
    let endpoint = Endpoint::written("127.0.0.1", endless.port()).unwrap();
    let answer = probe(&dialer, &endpoint, &asked).await.unwrap();
    assert_eq!(answer.banner, Some(vec![b'x'; MAX_BANNER]));

    let silent = server(async |stream| {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let endpoint = Endpoint::written("127.0.0.1", silent.port()).unwrap();
    let asked = TcpProbe {
        banner: true,
        timeout: SHORT,
    };
    let answer = probe(&dialer, &endpoint, &asked).await.unwrap();
    assert_eq!(answer.banner, None);
}

/// A listener whose queue is full: Linux then ignores further attempts, like a host behind a silent firewall.
#[cfg(target_os = "linux")]
async fn never_answering(ip: &str) -> (std::net::SocketAddr, impl Sized) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("{ip}:0").parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    loop {
        let attempt = tokio::net::TcpStream::connect(address);
        match tokio::time::timeout(SHORT, attempt).await {
            Ok(stream) => waiting.push(stream.unwrap()),
            Err(_) => return (address, (listener, waiting)),
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_host_that_never_answers_costs_a_head_start_or_the_timeout() {
    let (silent, _held) = never_answering("127.0.0.2").await;
    let dialer = Dialer::new(NetworkPolicy::default());
    let endpoint = Endpoint::written("127.0.0.2", silent.port()).unwrap();
    let error = dialer.dial(&endpoint, SHORT).await.unwrap_err();
    assert_eq!(error.kind, NetErrorKind::Timeout);
    assert_eq!(
        error.message,
        format!("no connection to {silent} within 300ms")
    );

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", silent.port()))
        .await
        .unwrap();
    let answers = Answers::new(&[&["127.0.0.2", "127.0.0.1"]]);
    let dialer = Dialer::with_resolver(policy(&["127.0.0.0/8"]), answers);
    let dialed = dialer
        .dial(&name("app.example", silent.port()), LONG)
        .await
        .unwrap();
    assert_eq!(dialed.peer, listener.local_addr().unwrap());
}
