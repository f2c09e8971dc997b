//! https against a server with certificates of the test's own making.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use capstep_net::http::{HttpRequest, HttpResponse, send};
use capstep_net::tls::TlsOptions;
use capstep_net::{Designation, Dialer, NetError, NetErrorKind};
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use support::{Answers, policy, read_request, server};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use url::Url;

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// What a server needs whose certificate has these names and years.
    fn acceptor(&self, names: &[&str], years: (i32, i32)) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 2);
        params.not_after = date_time_ymd(years.1, 3, 4);
        let certificate: CertificateDer<'static> =
            params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// A server with such a certificate that echoes requests.
    async fn serve(&self, names: &[&str], years: (i32, i32)) -> SocketAddr {
        let acceptor = self.acceptor(names, years);
        server(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let sni = stream
                    .get_ref()
                    .1
                    .server_name()
                    .unwrap_or("none")
                    .to_owned();
                let request = read_request(&mut stream).await;
                let body = format!("sni: {sni}\n{request}");
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }
}

async fn get(host: &str, address: SocketAddr, ca: Option<&str>) -> Result<HttpResponse, NetError> {
    let url = Url::parse(&format!("https://{host}:{}/", address.port())).unwrap();
    let mut request = HttpRequest::new("GET", url);
    request.timeout = Duration::from_secs(20);
    request.tls = TlsOptions {
        extra_ca_pem: ca.map(str::to_owned),
    };
    let dialer = Dialer::with_resolver(policy(&["127.0.0.1"]), Answers::new(&[&["127.0.0.1"]]));
    send(&dialer, Designation::Name, request, &|_, _| {
        Err("no redirects".to_owned())
    })
    .await
}

#[tokio::test]
async fn a_ca_of_ones_own() {
    let authority = Authority::new();
    let address = authority
        .serve(&["app.example", "127.0.0.1"], (2020, 2120))
        .await;
    for (host, sni) in [("app.example", "app.example"), ("127.0.0.1", "none")] {
        let response = get(host, address, Some(&authority.pem)).await.unwrap();
        let tls = response.tls.clone().unwrap();
        assert_eq!(tls.protocol, "TLSv1.3");
        assert_eq!(tls.not_before.unwrap().to_string(), "2020-01-02T00:00:00Z");
        assert_eq!(tls.not_after.unwrap().to_string(), "2120-03-04T00:00:00Z");
        let body = String::from_utf8(response.body.collect().await.unwrap()).unwrap();
        assert!(
            body.starts_with(&format!("sni: {sni}\nGET / HTTP/1.1\r\n")),
            "{body}"
        );
        assert!(
            body.contains(&format!("host: {host}:{}\r\n", address.port())),
            "{body}"
        );
    }
}

#[tokio::test]
async fn certificates_that_are_not_acceptable() {
    let authority = Authority::new();
    let ca = Some(authority.pem.as_str());
    let good = authority.serve(&["app.example"], (2020, 2120)).await;
    let expired = authority.serve(&["app.example"], (2010, 2011)).await;
    let early = authority.serve(&["app.example"], (2110, 2120)).await;
    let other = authority
        .serve(
            &["other.example", "*.else.example", "10.0.0.1"],
            (2020, 2120),
        )
        .await;
    for (address, ca, reason, message) in [
        (
            good,
            None,
            "unknown-issuer",
            "is from an unknown issuer: neither the system nor this step trusts it",
        ),
        (expired, ca, "expired", "expired on 2011-03-04T00:00:00Z"),
        (
            early,
            ca,
            "not-yet-valid",
            "is not valid before 2110-01-02T00:00:00Z",
        ),
        (
            other,
            ca,
            "name-mismatch",
            "is for another name: `other.example`, `*.else.example`, `10.0.0.1`",
        ),
    ] {
        let error = get("app.example", address, ca).await.unwrap_err();
        assert_eq!(error.kind, NetErrorKind::Tls, "{error}");
        assert_eq!(error.details["reason"], reason, "{error}");
        assert_eq!(
            error.message,
            format!("the certificate of `app.example` {message}")
        );
    }
}

#[tokio::test]
async fn servers_without_tls() {
    let plain = server(async |mut stream| {
        // What an HTTP server makes of a TLS greeting.
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        std::future::pending::<()>().await;
    })
    .await;
    let closing = server(async |_| {}).await;
    for (address, reason) in [(plain, "not-tls"), (closing, "handshake")] {
        let error = get("app.example", address, None).await.unwrap_err();
        assert_eq!(error.kind, NetErrorKind::Tls, "{error}");
        assert_eq!(error.details["reason"], reason, "{error}");
    }
}

#[tokio::test]
async fn a_handshake_has_the_exchanges_deadline() {
    let silent = server(async |stream| {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let url = Url::parse(&format!("https://{silent}/")).unwrap();
    let mut request = HttpRequest::new("GET", url);
    request.timeout = Duration::from_millis(400);
    let dialer = Dialer::new(capstep_net::NetworkPolicy::default());
    let error = send(&dialer, Designation::Literal, request, &|_, _| {
        Ok(Designation::Name)
    })
    .await
    .unwrap_err();
    assert_eq!(error.kind, NetErrorKind::Timeout);
    assert_eq!(
        error.message,
        "`127.0.0.1`: the time ran out in the TLS handshake"
    );
}

#[tokio::test]
async fn a_ca_that_is_no_pem_is_invalid() {
    let authority = Authority::new();
    let address = authority.serve(&["app.example"], (2020, 2120)).await;
    let error = get("app.example", address, Some("no certificate"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, NetErrorKind::Invalid);
}

#[tokio::test]
async fn a_body_that_ends_without_a_goodbye_is_cut_off() {
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["app.example"], (2020, 2120));
    let address = server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            read_request(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\n\r\nallow: all but")
                .await
                .unwrap();
            stream.flush().await.unwrap();
            // The TCP connection alone ends, as someone between the two could bring about.
            stream.get_mut().0.shutdown().await.unwrap();
        }
    })
    .await;
    let response = get("app.example", address, Some(&authority.pem))
        .await
        .unwrap();
    let error = response.body.collect().await.unwrap_err();
    assert_eq!(error.kind, NetErrorKind::Http, "{error}");
}
