//! A step's network: the proxy is the only way out, and only to designated origins.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use crate::support::{Answer, Place, accounts, acts, copy_program};
use capstep_process::{Network, StepSpec};

/// A server that answers each connection with the request's head, after `hello`.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let head = request(&mut stream);
                let body = format!("hello\n{head}");
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    port
}

/// Reads a whole request, since closing with a part of it unread would reset the connection; its head.
fn request(stream: &mut TcpStream) -> String {
    let (mut bytes, mut head) = (Vec::new(), None);
    loop {
        if head.is_none() {
            head = bytes.windows(4).position(|at| at == b"\r\n\r\n");
        }
        if let Some(end) = head {
            let head = String::from_utf8_lossy(&bytes[..end + 4]).into_owned();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "));
            let length = length.map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return head;
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(length) if length > 0 => bytes.extend_from_slice(&part[..length]),
            _ => return String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

fn step(place: &Place, user: Option<u32>, script: &str, origins: &[&str]) -> Answer {
    let tools = place.workspace().join("acts");
    if !tools.exists() {
        copy_program(acts(), &tools);
    }
    let mut spec: StepSpec = place.spec(script);
    spec.network = Network::Origins(origins.iter().map(|text| text.parse().unwrap()).collect());
    place.run_as(user, spec)
}

/// A client in bash: `ask LINE` sends a request to the proxy and prints what comes.
const CLIENT: &str = "
ask() {
    local address=${http_proxy#http://}
    exec 3<>/dev/tcp/${address%:*}/${address#*:}
    printf '%b' \"$1\" >&3
    cat <&3
    exec 3>&-
}
";

#[test]
fn a_designated_origin_is_reached() {
    for user in accounts() {
        let (place, port) = (Place::new(), server());
        let origin = format!("http://service.test:{port}");
        let script = format!(
            "{CLIENT}ask 'GET http://service.test:{port}/path HTTP/1.1\\r\\nHost: forged\\r\\n\\r\\n'"
        );
        let answer = step(&place, user, &script, &[&origin]);
        let out = String::from_utf8_lossy(&answer.stdout).into_owned();
        assert!(answer.success, "{answer:?}");
        assert!(out.contains("hello\nGET /path HTTP/1.1\r\n"), "{out}");
        assert!(
            out.contains(&format!("Host: service.test:{port}\r\n")) && !out.contains("forged"),
            "{out}"
        );
        assert_eq!(
            answer.attempts,
            [format!("GET http://service.test:{port}: connected")]
        );
    }
}

#[test]
fn a_tunnel_is_made_to_a_designated_origin() {
    let (place, port) = (Place::new(), server());
    let origin = format!("https://service.test:{port}");
    let script = format!(
        "{CLIENT}ask 'CONNECT service.test:{port} HTTP/1.1\\r\\n\\r\\nGET / HTTP/1.1\\r\\n\\r\\n'"
    );
    let answer = step(&place, None, &script, &[&origin]);
    let out = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(
        answer.success
            && out.contains("200 Connection established")
            && out.contains("hello\nGET / "),
        "{answer:?}"
    );
}

/// The step's own loopback is not asked for at the proxy; the machine's is, by the names that were handed over.
#[test]
fn the_machines_loopback_is_reached_by_the_name_that_is_handed_over() {
    let check = |origins: &[&str], expected: &str| {
        let answer = step(&Place::new(), None, "echo $no_proxy $NO_PROXY", origins);
        let out = String::from_utf8_lossy(&answer.stdout).into_owned();
        assert_eq!(out, format!("{expected} {expected}\n"), "{origins:?}");
    };
    check(&["http://service.test"], "localhost,127.0.0.1,::1");
    check(&["http://127.0.0.1:80"], "localhost,::1");
    check(&["http://localhost", "https://[::1]:8443"], "127.0.0.1");
    let (place, port) = (Place::new(), server());
    let origin = format!("http://127.0.0.1:{port}");
    let answer = step(&place, None, &format!("curl -sSf {origin}/x"), &[&origin]);
    assert!(
        answer.success && answer.stdout.starts_with(b"hello\nGET /x"),
        "{answer:?}"
    );
}

#[test]
fn other_origins_are_denied_and_fail_the_step() {
    for user in accounts() {
        let (place, port, other) = (Place::new(), server(), server());
        let origin = format!("http://service.test:{port}");
        let refused = |request: &str, origins: &[&str], status: &str, rule: Option<&str>| {
            let script = format!("{CLIENT}ask '{request}\\r\\n\\r\\n'; echo; exit 0");
            let answer = step(&place, user, &script, origins);
            let out = String::from_utf8_lossy(&answer.stdout).into_owned();
            assert!(out.contains(status), "{request}: {answer:?}");
            assert!(!out.contains("hello"), "{request}: {out}");
            match rule {
                Some(rule) => {
                    assert!(!answer.success, "{request}: a denial fails the step");
                    assert!(
                        answer.denied.iter().all(|denied| denied.contains(rule)),
                        "{answer:?}"
                    );
                    assert_eq!(answer.denied.len(), 1);
                    assert!(out.contains(rule), "{out}");
                }
                None => assert!(answer.success, "{request}: {answer:?}"),
            }
        };
        let rule = Some("other-origin");
        refused(
            &format!("GET http://service.test:{other}/ HTTP/1.1"),
            &[&origin],
            "403",
            rule,
        );
        refused(
            &format!("GET http://other.test:{port}/ HTTP/1.1"),
            &[&origin],
            "403",
            rule,
        );
        refused(
            &format!("GET http://127.0.0.1:{port}/ HTTP/1.1"),
            &[&origin],
            "403",
            rule,
        );
        refused(
            &format!("CONNECT other.test:{port} HTTP/1.1"),
            &[&origin],
            "403",
            rule,
        );
        refused(
            &format!("GET http://service.test:{port}/ HTTP/1.1"),
            &[],
            "403",
            rule,
        );
        refused(
            &format!("GET http://service.test:{port}/ HTTP/1.1"),
            &[&format!("https://service.test:{port}")],
            "403",
            rule,
        );
        refused(
            "GET http://169.254.169.254/latest/meta-data/ HTTP/1.1",
            &[&origin],
            "403",
            rule,
        );
        let metadata = "http://169.254.169.254";
        refused(
            "GET http://169.254.169.254/ HTTP/1.1",
            &[metadata],
            "403",
            Some("address.metadata"),
        );
        refused(
            "CONNECT 169.254.169.254:80 HTTP/1.1",
            &[metadata],
            "403",
            Some("address.metadata"),
        );
        refused("GET / HTTP/1.1", &[&origin], "400", None);
        refused("nonsense", &[&origin], "400", None);
        let closed = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        refused(
            &format!("GET http://gone.test:{closed}/ HTTP/1.1"),
            &[&format!("http://gone.test:{closed}")],
            "502",
            None,
        );
    }
}

#[test]
fn there_is_no_way_around_the_proxy() {
    for user in accounts() {
        let (place, port) = (Place::new(), server());
        let origin = format!("http://service.test:{port}");
        for (line, reason) in [
            // The machine's loopback is not the step's.
            (format!("./acts tcp 127.0.0.1 {port}"), "Connection refused"),
            (
                "./acts tcp 192.0.2.1 80".to_owned(),
                "Network is unreachable",
            ),
            (
                "./acts tcp 169.254.169.254 80".to_owned(),
                "Network is unreachable",
            ),
            (
                format!("./acts fast-open 127.0.0.1 {port}"),
                "Connection refused",
            ),
            (
                "./acts udp 127.0.0.1 53".to_owned(),
                "Operation not permitted",
            ),
            ("./acts raw".to_owned(), "Operation not permitted"),
            ("./acts mptcp".to_owned(), "Operation not permitted"),
            ("./acts netlink".to_owned(), "Operation not permitted"),
            ("./acts abstract x".to_owned(), "Operation not permitted"),
            ("./acts vsock".to_owned(), "Operation not permitted"),
            (
                "getent hosts example.com || { echo no name >&2; false; }".to_owned(),
                "no name",
            ),
        ] {
            let answer = step(&place, user, &line, &[&origin]);
            let said = String::from_utf8_lossy(&answer.stderr).into_owned();
            assert!(
                !answer.success && said.contains(reason),
                "{line} as {user:?}: {answer:?} {said}"
            );
        }
        let plain = Command::new(acts())
            .args(["tcp", "127.0.0.1", &port.to_string()])
            .status()
            .unwrap();
        assert!(plain.success());
        assert!(step(&place, user, "./acts inet", &[&origin]).success);
    }
}

#[test]
fn curl_finds_the_proxy() {
    let curl = Command::new("curl").arg("--version").output();
    assert!(curl.is_ok(), "curl is needed (tests/run says so)");
    let (place, port) = (Place::new(), server());
    let origin = format!("http://service.test:{port}");
    let answer = step(
        &place,
        None,
        &format!("curl -sSf http://service.test:{port}/x"),
        &[&origin],
    );
    assert!(
        answer.success && answer.stdout.starts_with(b"hello\nGET /x"),
        "{answer:?}"
    );
    let answer = step(
        &place,
        None,
        "curl -sSf http://other.test/ || exit 0",
        &[&origin],
    );
    assert_eq!(
        (answer.success, answer.denied.len()),
        (false, 1),
        "{answer:?}"
    );
}

#[test]
fn a_body_is_passed_on() {
    let (place, port) = (Place::new(), server());
    let origin = format!("http://service.test:{port}");
    let script = format!(
        "{CLIENT}ask 'POST http://service.test:{port}/ HTTP/1.1\\r\\nContent-Length: 4\\r\\n\\r\\nbodySECOND'"
    );
    let answer = step(&place, None, &script, &[&origin]);
    let out = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(
        out.contains("Connection: close\r\n\r\n") && !out.contains("SECOND"),
        "{out}"
    );
}

/// A client that sends on after its request gets the whole answer: from a server, and from the proxy itself.
#[test]
fn what_is_sent_too_much_costs_no_answer() {
    let (place, port) = (Place::new(), server());
    let origin = format!("http://service.test:{port}");
    let more = "head -c 300000 /dev/zero >&3";
    let client = CLIENT.replace(
        "    cat <&3",
        &format!("    {more} 2>/dev/null || true\n    cat <&3"),
    );
    for (host, length, status, end) in [
        ("service.test", 4, "200 OK", "\r\n\r\nhello\nPOST"),
        (
            "other.test",
            300_000,
            "403 Forbidden",
            "(rule other-origin)\n",
        ),
    ] {
        let script = format!(
            "{client}for turn in {{1..20}}; do ask 'POST http://{host}:{port}/ HTTP/1.1\\r\\nContent-Length: {length}\\r\\n\\r\\n'; done"
        );
        let answer = step(&place, None, &script, &[&origin]);
        let out = String::from_utf8_lossy(&answer.stdout).into_owned();
        for text in [status, end] {
            assert_eq!(out.matches(text).count(), 20, "{text}: {answer:?}\n{out}");
        }
    }
}
