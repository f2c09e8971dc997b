//! Certificates of hosts and of users, made by `ssh-keygen` and shown by, or to, a real sshd.

use std::path::Path;

use capstep_ssh::{Credentials, HostKeys, SshError, SshErrorKind, Stage};

use crate::support::{Server, keygen, public_key, ssh_keygen};

/// Signs a public key.
fn sign(root: &Path, authority: &str, key: &str, arguments: &[&str]) {
    let path = |name: &str| root.join(name).to_str().unwrap().to_owned();
    let (authority, key) = (path(authority), path(&format!("{key}.pub")));
    let mut all = vec!["-q", "-s", &authority, "-I", "a name"];
    all.extend(arguments);
    all.push(&key);
    ssh_keygen(&all);
}

/// A server with a certificate of the authority `ca`, or of one of another kind.
fn with_host_certificate(kind: &str, arguments: &[&str]) -> Server {
    Server::start_prepared(&["ed25519"], |root| {
        keygen(&root.join("ca"), kind, "");
        keygen(&root.join("other_ca"), "ed25519", "");
        sign(root, "ca", "host_ed25519", arguments);
        format!("HostCertificate {}/host_ed25519-cert.pub", root.display())
    })
}

async fn login(server: &Server, known: &str) -> Result<(), SshError> {
    let ca = public_key(&server.path("ca.pub"));
    let known = known
        .replace("CA2", &public_key(&server.path("other_ca.pub")))
        .replace("CA", &ca)
        .replace("HOST", &server.host_key("ed25519"))
        .replace("PORT", &server.port.to_string());
    server
        .try_connect(
            &HostKeys::KnownHosts(known),
            &server.credentials("user", None),
        )
        .await
        .map(drop)
}

#[tokio::test]
async fn which_lines_accept_a_host_certificate() {
    let server = with_host_certificate("ed25519", &["-h", "-n", "127.0.0.1"]);
    use SshErrorKind::{HostCertificate, HostKeyRevoked, HostKeyUnknown};
    for (known, expected) in [
        ("@cert-authority * CA", None),
        ("@cert-authority 127.0.0.1 CA", None),
        ("@cert-authority [127.0.0.1]:PORT CA", None),
        ("@cert-authority [127.0.0.*]:PORT CA", None),
        ("@cert-authority *.example.com,127.0.0.1 CA", None),
        // Not asked for a certificate: the key alone is shown.
        ("@cert-authority *.example.com CA", Some(HostKeyUnknown)),
        ("* CA", Some(SshErrorKind::HostKeyMismatch)),
        ("* HOST", None),
        // Asked for one, of another authority; the key in it may be known by itself.
        ("@cert-authority * CA2", Some(HostCertificate)),
        ("@cert-authority * CA2\n* HOST", None),
        ("@cert-authority * CA2\n@cert-authority * CA", None),
        ("@cert-authority * CA\n@revoked * CA", Some(HostKeyRevoked)),
        (
            "@revoked * CA\n@cert-authority * CA\n* HOST",
            Some(HostKeyRevoked),
        ),
        (
            "@cert-authority * CA\n@revoked * HOST",
            Some(HostKeyRevoked),
        ),
        ("@cert-authority * CA\n@revoked *.example.com CA", None),
        ("@cert-authority * CA\n@revoked * CA2", None),
    ] {
        let got = login(&server, known).await.err();
        assert_eq!(
            got.as_ref().map(|error| error.kind),
            expected,
            "{known}: {got:?}"
        );
        if let Some(error) = got {
            assert_eq!(error.stage, Stage::HostKey);
        }
    }
}

#[tokio::test]
async fn which_host_certificates_are_valid() {
    for (kind, arguments, expected) in [
        ("ed25519", &["-h"] as &[&str], Ok(())),
        ("ed25519", &["-h", "-n", "web,127.0.0.1"], Ok(())),
        ("ecdsa", &["-h", "-n", "127.0.0.1", "-V", "-1h:+1h"], Ok(())),
        (
            "ed25519",
            &["-h", "-n", "web1,web2"],
            Err("is for web1, web2, not for 127.0.0.1"),
        ),
        (
            "ed25519",
            &["-h", "-n", "127.0.0.*"],
            Err("is for 127.0.0.*, not for 127.0.0.1"),
        ),
        (
            "ed25519",
            &["-h", "-V", "20200101:20200102"],
            Err("expired "),
        ),
        (
            "ed25519",
            &["-h", "-V", "+1d:+2d"],
            Err("is valid only in "),
        ),
        (
            "ed25519",
            &["-h", "-O", "critical:new@example.com=1"],
            Err("critical option that is not known"),
        ),
        (
            "rsa",
            &["-h"],
            Err("signed with an RSA key, which is not supported"),
        ),
    ] {
        let server = with_host_certificate(kind, arguments);
        let got = login(&server, "@cert-authority * CA").await;
        match (&got, expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(words)) => {
                assert_eq!(error.kind, SshErrorKind::HostCertificate, "{error}");
                assert!(error.message.contains(words), "{arguments:?}: {error}");
                assert!(error.message.contains("a name"), "{error}");
                // As in OpenSSH the key in it still counts where it is known by itself.
                login(&server, "@cert-authority * CA\n* HOST")
                    .await
                    .unwrap();
            }
            _ => panic!("{kind} {arguments:?}: {got:?}, expected {expected:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_without_a_certificate_says_so() {
    let server = Server::start();
    keygen(&server.path("ca"), "ed25519", "");
    keygen(&server.path("other_ca"), "ed25519", "");
    let error = login(&server, "# ours\n@cert-authority * CA")
        .await
        .unwrap_err();
    assert_eq!(error.kind, SshErrorKind::HostKeyUnknown);
    assert!(
        error
            .message
            .contains("it showed no certificate of the authority in line 2"),
        "{error}"
    );
    login(&server, "@cert-authority * CA\n* HOST")
        .await
        .unwrap();
}

#[tokio::test]
async fn host_keys_are_rotated() {
    let server = Server::start_with(&["ed25519"], "");
    keygen(&server.path("ca"), "ed25519", "");
    keygen(&server.path("other_ca"), "ed25519", "");
    // `CA` and `CA2` are just other keys here: the ones before and after.
    login(&server, "* CA\n* HOST\n* CA2").await.unwrap();
    let error = login(&server, "* CA\n* CA2").await.unwrap_err();
    assert_eq!(error.kind, SshErrorKind::HostKeyMismatch);
    for words in [
        "(line 1) or ",
        "(line 2)",
        "ssh-keygen -lf",
        "the old one may stay",
    ] {
        assert!(error.message.contains(words), "{words}: {error}");
    }
    let line = error.details["line_to_add"].as_str().unwrap();
    assert!(error.message.ends_with(line), "{error}");
    login(&server, &format!("127.0.0.1 CA\n{line}"))
        .await
        .unwrap();
}

/// A server that trusts the authority `ca` for its users, and no key by itself.
fn trusting() -> Server {
    Server::start_prepared(&["ed25519"], |root| {
        for name in ["ca", "other_ca"] {
            keygen(&root.join(name), "ed25519", "");
        }
        std::fs::write(root.join("authorized_keys"), "").unwrap();
        format!("TrustedUserCAKeys {}/ca.pub", root.display())
    })
}

async fn by_certificate(server: &Server, key: &str, certificate: &str) -> Result<(), SshError> {
    let credentials = Credentials {
        certificate: Some(certificate.to_owned()),
        ..server.credentials(key, None)
    };
    let connected = server
        .try_connect(&server.known_hosts(), &credentials)
        .await;
    connected.map(drop)
}

#[tokio::test]
async fn users_log_in_by_certificate() {
    let server = trusting();
    let root = server.dir.path().to_owned();
    let made = |authority: &str, arguments: &[&str]| {
        sign(&root, authority, "user", arguments);
        std::fs::read_to_string(root.join("user-cert.pub")).unwrap()
    };
    let good = made("ca", &["-n", "root", "-V", "-1m:+5m"]);
    by_certificate(&server, "user", &good).await.unwrap();
    by_certificate(&server, "user", &format!("\n{}\r\n", good.trim()))
        .await
        .unwrap();
    let bare = server
        .try_connect(&server.known_hosts(), &server.credentials("user", None))
        .await
        .unwrap_err();
    assert_eq!(bare.kind, SshErrorKind::Unauthorized);
    for (certificate, kind, words) in [
        (
            made("ca", &["-n", "deploy"]),
            SshErrorKind::Unauthorized,
            "certificate \"a name\" for deploy",
        ),
        (
            made("other_ca", &["-n", "root"]),
            SshErrorKind::Unauthorized,
            "signed by SHA256:",
        ),
        (
            made("ca", &["-n", "root", "-O", "source-address=203.0.113.0/24"]),
            SshErrorKind::Unauthorized,
            "was refused",
        ),
        (
            made("ca", &["-n", "root", "-V", "20200101:20200102"]),
            SshErrorKind::KeyInvalid,
            "expired ",
        ),
        (
            made("ca", &["-n", "root", "-V", "+1d:+2d"]),
            SshErrorKind::KeyInvalid,
            "is valid only in ",
        ),
        (
            made("ca", &["-h", "-n", "root"]),
            SshErrorKind::KeyInvalid,
            "is a host's, not a user's",
        ),
        (
            "ssh-ed25519 AAAA".to_owned(),
            SshErrorKind::KeyInvalid,
            "this is not a certificate",
        ),
        (
            good.get(..200).unwrap().to_owned(),
            SshErrorKind::KeyInvalid,
            "is it whole?",
        ),
        (
            String::new(),
            SshErrorKind::KeyInvalid,
            "this is not a certificate",
        ),
    ] {
        let error = by_certificate(&server, "user", &certificate)
            .await
            .unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Authentication, kind),
            "{error}"
        );
        assert!(error.message.contains(words), "{words}: {error}");
    }
    let error = by_certificate(&server, "stranger", &good)
        .await
        .unwrap_err();
    assert!(error.message.contains("is for another key"), "{error}");
    for (kind, bits) in [
        ("ecdsa", "256"),
        ("ecdsa", "384"),
        ("ecdsa", "521"),
        ("rsa", "3072"),
    ] {
        let name = format!("{kind}{bits}");
        let path = server.remote(&name);
        ssh_keygen(&["-q", "-t", kind, "-b", bits, "-N", "", "-f", &path]);
        sign(&root, "ca", &name, &["-n", "root"]);
        let certificate = std::fs::read_to_string(format!("{path}-cert.pub")).unwrap();
        by_certificate(&server, &name, &certificate).await.unwrap();
    }
}
