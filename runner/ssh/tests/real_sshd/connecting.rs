//! Host keys and logins against a real sshd.

use std::time::Duration;

use crate::support::{Server, keygen, ssh_keygen};
use capstep_ssh::{ConnectLimits, HostKeys, SshErrorKind, Stage, connect};
use zeroize::Zeroizing;

#[tokio::test]
async fn a_known_host_key_and_the_right_key_open_a_session() {
    let server = Server::start();
    let session = server.connect().await;
    assert!(session.warnings().is_empty());
    assert_eq!(
        crate::support::script(&session, "echo hello").await.out(),
        "hello\n"
    );
    session.close().await;
}

#[tokio::test]
async fn an_unknown_host_key_shows_the_line_to_add() {
    let server = Server::start();
    let user = server.credentials("user", None);
    let error = server
        .try_connect(&HostKeys::KnownHosts(String::new()), &user)
        .await
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::HostKey, SshErrorKind::HostKeyUnknown)
    );
    let line = error.details["line_to_add"].as_str().unwrap().to_owned();
    assert_eq!(
        line,
        format!("[127.0.0.1]:{} {}", server.port, server.host_key("ed25519"))
    );
    assert!(error.message.contains(&line));
    server
        .try_connect(&HostKeys::KnownHosts(line), &user)
        .await
        .unwrap();
    let error = server
        .try_connect(&HostKeys::None, &user)
        .await
        .unwrap_err();
    assert_eq!(error.kind, SshErrorKind::HostKeyUnknown);
}

#[tokio::test]
async fn a_mismatch_shows_both_keys() {
    let server = Server::start();
    keygen(&server.path("other"), "ed25519", "");
    let other = std::fs::read_to_string(server.path("other.pub")).unwrap();
    let known = HostKeys::KnownHosts(format!("# old\n[127.0.0.1]:{} {other}", server.port));
    let error = server
        .try_connect(&known, &server.credentials("user", None))
        .await
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::HostKey, SshErrorKind::HostKeyMismatch)
    );
    let fingerprint = |name: &str| {
        let output = std::process::Command::new("ssh-keygen")
            .args(["-lf"])
            .arg(server.path(name))
            .output()
            .unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        error.details["offered"]["fingerprint"],
        fingerprint("host_ed25519.pub")
    );
    assert_eq!(error.details["offered"]["type"], "ssh-ed25519");
    assert_eq!(
        error.details["expected"][0]["fingerprint"],
        fingerprint("other.pub")
    );
    assert_eq!(error.details["expected"][0]["type"], "ssh-ed25519");
    assert_eq!(error.details["expected"][0]["line"], 2);
    let pinned = HostKeys::Fingerprints(vec![
        fingerprint("other.pub"),
        fingerprint("host_ed25519.pub"),
    ]);
    server
        .try_connect(&pinned, &server.credentials("user", None))
        .await
        .unwrap();
    let pinned = HostKeys::Fingerprints(vec![fingerprint("other.pub")]);
    let error = server
        .try_connect(&pinned, &server.credentials("user", None))
        .await
        .unwrap_err();
    assert_eq!(error.kind, SshErrorKind::HostKeyMismatch);
}

#[tokio::test]
async fn a_revoked_key_is_refused_even_where_it_is_listed() {
    let server = Server::start();
    let key = server.host_key("ed25519");
    let known = HostKeys::KnownHosts(format!("* {key}\n@revoked * {key}\n"));
    let error = server
        .try_connect(&known, &server.credentials("user", None))
        .await
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::HostKey, SshErrorKind::HostKeyRevoked)
    );
}

#[tokio::test]
async fn the_server_shows_the_type_that_is_known() {
    let server = Server::start();
    let known = HostKeys::KnownHosts(format!(
        "[127.0.0.1]:{} {}",
        server.port,
        server.host_key("ecdsa")
    ));
    server
        .try_connect(&known, &server.credentials("user", None))
        .await
        .unwrap();
}

#[tokio::test]
async fn hashed_names_made_by_ssh_keygen_match() {
    let server = Server::start();
    let path = server.path("known");
    std::fs::write(
        &path,
        format!(
            "[127.0.0.1]:{} {}\n",
            server.port,
            server.host_key("ed25519")
        ),
    )
    .unwrap();
    let status = std::process::Command::new("ssh-keygen")
        .args(["-q", "-H", "-f"])
        .arg(&path)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("|1|"), "{text}");
    server
        .try_connect(
            &HostKeys::KnownHosts(text),
            &server.credentials("user", None),
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_server_with_an_rsa_key_alone_is_named_as_that() {
    let server = Server::start_with(&["rsa"], "");
    let known = HostKeys::KnownHosts(format!("* {}", server.host_key("rsa")));
    let error = server
        .try_connect(&known, &server.credentials("user", None))
        .await
        .unwrap_err();
    assert_eq!(error.stage, Stage::KeyExchange);
    assert!(
        error.message.contains("RSA host keys are not supported"),
        "{error}"
    );
}

#[tokio::test]
async fn a_wrong_key_says_what_was_tried() {
    let server = Server::start();
    let error = server
        .try_connect(&server.known_hosts(), &server.credentials("stranger", None))
        .await
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Authentication, SshErrorKind::Unauthorized)
    );
    let tried = error.details["tried"][0].as_str().unwrap();
    assert!(
        tried.starts_with("publickey (ssh-ed25519 SHA256:"),
        "{tried}"
    );
    let accepts = error.details["server_accepts"].as_array().unwrap();
    assert!(
        accepts.iter().any(|method| method == "publickey"),
        "{accepts:?}"
    );
}

#[tokio::test]
async fn keys_are_read_as_ci_variables_bring_them() {
    let server = Server::start();
    let known = server.known_hosts();
    let text = std::fs::read_to_string(server.path("user")).unwrap();
    for broken in [
        text.replace('\n', "\r\n"),
        text.trim_end().to_owned(),
        format!("\n\n  {}\n\n", text.replace('\n', "\r\n").trim_end()),
    ] {
        let mut credentials = server.credentials("user", None);
        credentials.private_key = Zeroizing::new(broken);
        server.try_connect(&known, &credentials).await.unwrap();
    }
    let open = |passphrase| server.credentials("user_encrypted", passphrase);
    server
        .try_connect(&known, &open(Some("open sesame")))
        .await
        .unwrap();
    for (passphrase, expected) in [(Some("wrong"), "does not open"), (None, "no passphrase")] {
        let error = server
            .try_connect(&known, &open(passphrase))
            .await
            .unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Authentication, SshErrorKind::KeyInvalid)
        );
        assert!(error.message.contains(expected), "{error}");
    }
    // A passphrase that is not needed does no harm.
    server
        .try_connect(&known, &server.credentials("user", Some("unused")))
        .await
        .unwrap();
}

#[tokio::test]
async fn other_formats_of_keys() {
    let server = Server::start();
    let known = server.known_hosts();
    let run = |program: &str, arguments: &[&str]| {
        let status = std::process::Command::new(program)
            .args(arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{program} {arguments:?}");
    };
    let path = |name: &str| server.remote(name);
    let mut authorized = std::fs::read_to_string(server.path("authorized_keys")).unwrap();
    for (name, kind, format, passphrase) in [
        ("pem_ec", "ecdsa", "PEM", ""),
        ("pkcs8_ec", "ecdsa", "PKCS8", ""),
        ("pkcs8_encrypted", "ecdsa", "PKCS8", "pass phrase"),
    ] {
        run(
            "ssh-keygen",
            &[
                "-q",
                "-t",
                kind,
                "-m",
                format,
                "-N",
                passphrase,
                "-f",
                &path(name),
            ],
        );
        authorized.push_str(&std::fs::read_to_string(server.path(&format!("{name}.pub"))).unwrap());
        std::fs::write(server.path("authorized_keys"), &authorized).unwrap();
        let passphrase = (!passphrase.is_empty()).then_some(passphrase);
        let result = server
            .try_connect(&known, &server.credentials(name, passphrase))
            .await;
        assert!(result.is_ok(), "{name}: {:?}", result.err());
        if passphrase.is_some() {
            for (wrong, expected) in [(Some("wrong"), "does not open"), (None, "no passphrase")] {
                let error = server
                    .try_connect(&known, &server.credentials(name, wrong))
                    .await
                    .unwrap_err();
                assert!(error.message.contains(expected), "{name}: {error}");
            }
        }
    }
    for format in ["RFC4716", "PEM", "PKCS8"] {
        let name = format!("rsa_{format}");
        run(
            "ssh-keygen",
            &[
                "-q",
                "-t",
                "rsa",
                "-m",
                format,
                "-N",
                "",
                "-f",
                &path(&name),
            ],
        );
        authorized.push_str(&std::fs::read_to_string(server.path(&format!("{name}.pub"))).unwrap());
        std::fs::write(server.path("authorized_keys"), &authorized).unwrap();
        let result = server
            .try_connect(&known, &server.credentials(&name, None))
            .await;
        assert!(result.is_ok(), "{name}: {:?}", result.err());
    }
}

#[tokio::test]
async fn rsa_keys_sign_whatever_their_size_and_format_or_say_why_not() {
    let server = Server::start();
    let known = server.known_hosts();
    let check = async |name: &str, arguments: &[&str], passphrase: &str, expected: Option<&str>| {
        let path = server.remote(name);
        let mut all = vec!["-q", "-t", "rsa", "-N", passphrase, "-f", &path];
        all.extend(arguments);
        ssh_keygen(&all);
        let public = format!("{}.pub", server.remote(name));
        std::fs::copy(public, server.path("authorized_keys")).unwrap();
        let passphrase = (!passphrase.is_empty()).then_some(passphrase);
        let login = server.credentials(name, passphrase);
        let result = server.try_connect(&known, &login).await;
        match (result, expected) {
            (Ok(_), None) => {}
            (Err(error), Some(expected)) => {
                assert_eq!(error.kind, SshErrorKind::KeyInvalid, "{name}: {error}");
                assert!(error.message.contains(expected), "{name}: {error}");
            }
            (result, expected) => panic!("{name}: {:?}, not {expected:?}", result.err()),
        }
    };
    for bits in ["2048", "3072", "4096"] {
        check(bits, &["-b", bits], "", None).await;
    }
    check("encrypted", &[], "hunter2", None).await;
    let (sizes, rewrite) = (Some("2048 to 4096 bits"), Some("ssh-keygen -p -f KEY"));
    check("small", &["-b", "1024"], "", sizes).await;
    check("large", &["-b", "5120"], "", sizes).await;
    check("encrypted-pem", &["-m", "PEM"], "hunter2", rewrite).await;
    check("encrypted-pkcs8", &["-m", "PKCS8"], "hunter2", rewrite).await;
}

/// As older servers, and those that were told to: signatures with one of the two hashes alone.
#[tokio::test]
async fn rsa_signatures_are_those_that_the_server_takes() {
    for (accepted, works) in [
        ("rsa-sha2-256", true),
        ("rsa-sha2-512", true),
        ("ssh-ed25519", false),
    ] {
        let server = Server::start_with(
            &["ed25519"],
            &format!("PubkeyAcceptedAlgorithms {accepted}"),
        );
        keygen(&server.path("rsa"), "rsa", "");
        std::fs::copy(server.path("rsa.pub"), server.path("authorized_keys")).unwrap();
        let login = server.credentials("rsa", None);
        let result = server.try_connect(&server.known_hosts(), &login).await;
        match result {
            Ok(_) => assert!(works, "{accepted}"),
            Err(error) => {
                assert!(!works, "{accepted}: {error}");
                assert_eq!(error.kind, SshErrorKind::Unauthorized);
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_never_answers_ends_in_a_timeout() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::start();
    let limits = ConnectLimits {
        handshake: Duration::from_millis(300),
        ..ConnectLimits::default()
    };
    let mut target = server.target();
    target.port = port;
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .unwrap();
    let (mut accepted, _) = listener.accept().await.unwrap();
    let error = connect(
        stream,
        &target,
        &HostKeys::None,
        &server.credentials("user", None),
        &limits,
    )
    .await
    .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::KeyExchange, SshErrorKind::Timeout)
    );
    // The stream was given up as well, not left with a task that waits for ever.
    let mut rest = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut accepted, &mut rest);
    tokio::time::timeout(Duration::from_secs(5), read)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn something_that_is_no_ssh_server_fails_at_key_exchange() {
    let server = Server::start();
    for answer in [
        "HTTP/1.1 400 Bad Request\r\n\r\n".to_owned(),
        String::new(),
        "x".repeat(1 << 20),
    ] {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let peer = tokio::spawn(async move {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut theirs, answer.as_bytes()).await;
        });
        let limits = ConnectLimits {
            handshake: Duration::from_secs(5),
            ..ConnectLimits::default()
        };
        let error = connect(
            ours,
            &server.target(),
            &HostKeys::None,
            &server.credentials("user", None),
            &limits,
        )
        .await
        .unwrap_err();
        assert_eq!(error.stage, Stage::KeyExchange, "{error}");
        peer.abort();
    }
}
