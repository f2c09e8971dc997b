//! An engine over TCP with TLS.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use capstep_docker::{Direct, DockerError, DockerErrorKind, Endpoint, Engine, Surroundings};
use capstep_test_engine::{Dockerd, DockerdOptions};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Writes `ca.pem`, `cert.pem` and `key.pem` to a folder.
    fn issue(&self, folder: &Path, usage: ExtendedKeyUsagePurpose) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("ca.pem"), &self.pem).unwrap();
        fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
        fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    }
}

async fn connect(host: &str, certificates: &Path) -> Result<Engine, DockerError> {
    let endpoint = Endpoint::find(&Surroundings {
        docker_host: Some(host.into()),
        docker_tls_verify: Some("1".into()),
        docker_cert_path: Some(certificates.into()),
        ..Surroundings::default()
    })?;
    Engine::connect(&endpoint, Arc::new(Direct)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_show_certificates() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let authority = Authority::new();
    authority.issue(&at("server"), ExtendedKeyUsagePurpose::ServerAuth);
    authority.issue(&at("client"), ExtendedKeyUsagePurpose::ClientAuth);
    let stranger = Authority::new();
    stranger.issue(&at("stranger"), ExtendedKeyUsagePurpose::ClientAuth);
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let server = |name: &str| at("server").join(name).display().to_string();
    let _engine = Dockerd::start_empty(DockerdOptions {
        arguments: vec![
            "--host".into(),
            format!("tcp://127.0.0.1:{port}"),
            "--tlsverify".into(),
            "--tlscacert".into(),
            server("ca.pem"),
            "--tlscert".into(),
            server("cert.pem"),
            "--tlskey".into(),
            server("key.pem"),
        ],
        ..DockerdOptions::default()
    });
    let host = format!("tcp://127.0.0.1:{port}");

    let engine = connect(&host, &at("client")).await.unwrap();
    assert_eq!(engine.info().name, "Docker Engine");
    assert_eq!(engine.address(), host);

    // An engine whose certificate nobody known has signed.
    let error = connect(&host, &at("stranger")).await.unwrap_err();
    assert_eq!(error.kind, DockerErrorKind::Unreachable, "{error}");
    assert!(error.message.contains("certificate"), "{error}");

    // A client that the engine doesn't know.
    fs::copy(at("client").join("ca.pem"), at("stranger").join("ca.pem")).unwrap();
    let error = connect(&host, &at("stranger")).await.unwrap_err();
    assert_eq!(error.kind, DockerErrorKind::Unreachable, "{error}");

    // Half of what is needed.
    fs::remove_file(at("stranger").join("key.pem")).unwrap();
    let error = connect(&host, &at("stranger")).await.unwrap_err();
    assert_eq!(error.kind, DockerErrorKind::Invalid, "{error}");
    assert!(error.message.contains("belong together"), "{error}");

    // Not TLS at all.
    let endpoint = Endpoint::find(&Surroundings {
        docker_host: Some(host),
        ..Surroundings::default()
    })
    .unwrap();
    let error = Engine::connect(&endpoint, Arc::new(Direct))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error.kind,
            DockerErrorKind::Invalid | DockerErrorKind::Unreachable | DockerErrorKind::Peer
        ),
        "{error}"
    );
}
