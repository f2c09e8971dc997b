//! No network by way of WASI, and every try seen.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use capstep_host::sandbox::{AbiKind, Invocation, RunOutcome, SocketPurpose, WasiAttempt};

use crate::guests;
use crate::support::run;

async fn attempts(body: &str, arg: &str) -> (String, Vec<WasiAttempt>) {
    let source = format!("fn main() {{ let arg = std::env::args().nth(1).unwrap(); {body} }}");
    let bytes = guests::rust("network", &source, "wasm32-wasip2");
    let invocation = Invocation::plain(vec!["network".into(), arg.into()]);
    let (report, host) = run(&bytes, AbiKind::Plain, invocation).await;
    let RunOutcome::Exited { stdout, .. } = report.outcome else {
        panic!("{:?}", report.outcome)
    };
    (String::from_utf8(stdout).unwrap(), host.attempts())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_denied_and_its_address_seen() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap();
    let (stdout, attempts) = attempts(
        "println!(\"{:?}\", std::net::TcpStream::connect(arg).map_err(|e| e.kind()).err());",
        &addr.to_string(),
    )
    .await;
    assert_eq!(stdout, "Some(PermissionDenied)\n");
    assert_eq!(
        attempts,
        [WasiAttempt::Socket {
            addr,
            purpose: SocketPurpose::TcpConnect
        }]
    );
    assert!(listener.accept().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn listening_and_datagrams_are_denied_and_seen() {
    let any = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
    let (stdout, seen) = attempts(
        "println!(\"{}\", std::net::TcpListener::bind(arg).is_err());",
        "0.0.0.0:8099",
    )
    .await;
    assert_eq!(stdout, "true\n");
    assert_eq!(
        seen,
        [WasiAttempt::Socket {
            addr: any(8099),
            purpose: SocketPurpose::TcpBind
        }]
    );
    let (stdout, seen) = attempts(
        "println!(\"{}\", std::net::TcpListener::bind(arg).is_err());",
        "0.0.0.0:0",
    )
    .await;
    assert_eq!(stdout, "true\n");
    assert!(
        matches!(
            seen[..],
            [WasiAttempt::Socket {
                purpose: SocketPurpose::TcpListen,
                ..
            }]
        ),
        "{seen:?}"
    );
    let (stdout, seen) = attempts(
        "let s = std::net::UdpSocket::bind(\"0.0.0.0:0\").unwrap(); println!(\"{}\", s.send_to(b\"x\", arg).is_err());",
        "192.0.2.1:53",
    )
    .await;
    assert_eq!(stdout, "true\n");
    let addr = "192.0.2.1:53".parse().unwrap();
    assert_eq!(
        seen,
        [WasiAttempt::Socket {
            addr,
            purpose: SocketPurpose::UdpSend
        }]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_not_looked_up_and_seen() {
    let (stdout, seen) = attempts(
        "use std::net::ToSocketAddrs; println!(\"{}\", (arg.as_str(), 80).to_socket_addrs().is_err());",
        "secret-value.example.com",
    )
    .await;
    assert_eq!(stdout, "true\n");
    assert_eq!(
        seen,
        [WasiAttempt::NameLookup {
            name: "secret-value.example.com".into()
        }]
    );
}

/// A component that imports functions of `wasi:http` and may call one of them.
fn http_component(import: &str, name: &str, function: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (import "capstep:step/types@0.1.0" (instance $step
                (type $record (record
                    (field "message" string) (field "kind" (option string)) (field "details" (option string))))
                (export "failure" (type (eq $record)))))
            (alias export $step "failure" (type $failure))
            (import "{import}" (instance $http {function}))
            (alias export $http "{name}" (func $new))
            (core func $new (canon lower (func $new)))
            (core module $m
                (import "http" "new" (func $new (result i32)))
                (memory (export "memory") 1)
                (data (i32.const 16) "{{}}")
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
                (func (export "run") (param i32 i32) (result i32)
                    {body}
                    (i32.store (i32.const 4) (i32.const 16))
                    (i32.store (i32.const 8) (i32.const 2))
                    (i32.const 0)))
            (core instance $i (instantiate $m (with "http" (instance (export "new" (func $new))))))
            (func $run (param "inputs" string) (result (result string (error $failure)))
                (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
            (export "run" (func $run)))"#
    );
    wat::parse_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wasi_http_offers_may_be_used() {
    let fields = r#"(export "fields" (type $fields (sub resource)))
        (export "[constructor]fields" (func (result (own $fields))))"#;
    let component = http_component(
        "wasi:http/types@0.2.3",
        "[constructor]fields",
        fields,
        "(drop (call $new))",
    );
    let (report, host) = run(&component, AbiKind::World, Invocation::step("{}")).await;
    assert!(
        matches!(report.outcome, RunOutcome::Finished { .. }),
        "{:?}",
        report.outcome
    );
    assert!(host.attempts().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wasi_http_does_not_offer_may_be_imported_and_is_denied_when_used() {
    let import = "wasi:http/incoming-handler@0.2.3";
    let handle = r#"(export "handle" (func (result u32)))"#;
    let unused = http_component(import, "handle", handle, "");
    let (report, host) = run(&unused, AbiKind::World, Invocation::step("{}")).await;
    assert!(
        matches!(report.outcome, RunOutcome::Finished { .. }),
        "{:?}",
        report.outcome
    );
    assert!(host.attempts().is_empty());
    let used = http_component(import, "handle", handle, "(drop (call $new))");
    let (report, host) = run(&used, AbiKind::World, Invocation::step("{}")).await;
    let function = format!("{import}#handle");
    assert!(
        matches!(&report.outcome, RunOutcome::Trapped { message } if message.contains(&function)),
        "{report:?}"
    );
    assert_eq!(host.attempts(), [WasiAttempt::Http { function }]);
}
