//! What servers of today and of five years ago offer: each set as a whole, and each algorithm where it is the only one.

use capstep_ssh::{HostKeys, SshErrorKind, Stage};

use crate::support::{Server, ssh_keygen};

/// The defaults of OpenSSH 8.0 (2019) to 8.9, from its manuals; 9.x added `sntrup761x25519-sha512@openssh.com` and took
/// away nothing of what is used here.
const KEX_8: &str = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,\
    ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,\
    diffie-hellman-group18-sha512,diffie-hellman-group14-sha256";
const KEX_8_0: &str = "diffie-hellman-group14-sha1";
const KEX_9: &str = "sntrup761x25519-sha512@openssh.com";
const CIPHERS: &str = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,\
    aes256-gcm@openssh.com";
const MACS: &str = "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,\
    hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,\
    hmac-sha2-256,hmac-sha2-512,hmac-sha1";
const HOST_KEYS_8: &str = "ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com,\
    ecdsa-sha2-nistp521-cert-v01@openssh.com,ssh-ed25519-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com,\
    rsa-sha2-256-cert-v01@openssh.com,ssh-rsa-cert-v01@openssh.com,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,\
    ecdsa-sha2-nistp521,ssh-ed25519,rsa-sha2-512,rsa-sha2-256,ssh-rsa";

/// Connects to a server with these lines, by its only host key. An error is what stands in the way.
async fn connects(host_key: &str, lines: &str) -> Result<(), String> {
    let server = Server::start_with(&[host_key], lines);
    let known = HostKeys::KnownHosts(format!("* {}", server.host_key(host_key)));
    match server
        .try_connect(&known, &server.credentials("user", None))
        .await
    {
        Ok(session) => {
            assert_eq!(
                crate::support::script(&session, "echo it works")
                    .await
                    .out(),
                "it works\n"
            );
            Ok(())
        }
        Err(error) => {
            assert_eq!(
                (error.stage, error.kind),
                (Stage::KeyExchange, SshErrorKind::Peer),
                "{error}"
            );
            Err(error.message)
        }
    }
}

async fn check(lines: &str, supported: bool) {
    let connected = connects("ed25519", lines).await;
    assert_eq!(connected.is_ok(), supported, "{lines}: {connected:?}");
    if let Err(message) = connected {
        let only = lines.rsplit(' ').next().unwrap();
        assert!(
            message.contains(&format!("in common: the server offers {only}")),
            "{message}"
        );
    }
}

#[tokio::test]
async fn default_sets() {
    for lines in [
        format!("KexAlgorithms {KEX_8},{KEX_8_0}\nCiphers {CIPHERS}\nMACs {MACS}\nHostKeyAlgorithms {HOST_KEYS_8}"),
        format!("KexAlgorithms {KEX_8}\nCiphers {CIPHERS}\nMACs {MACS}"),
        format!("KexAlgorithms {KEX_9},{KEX_8}\nCiphers {CIPHERS}\nMACs {MACS}"),
        // As hardening guides and system-wide policies have them.
        "KexAlgorithms ecdh-sha2-nistp256,ecdh-sha2-nistp384\nCiphers aes256-ctr,aes128-ctr\nMACs hmac-sha2-256".to_owned(),
        "KexAlgorithms curve25519-sha256\nCiphers chacha20-poly1305@openssh.com\nMACs hmac-sha2-512-etm@openssh.com".to_owned(),
    ] {
        check(&lines, true).await;
    }
}

#[tokio::test]
async fn each_key_exchange() {
    for name in KEX_8.split(',') {
        check(&format!("KexAlgorithms {name}"), true).await;
    }
    check(&format!("KexAlgorithms {KEX_8_0}"), false).await;
    check(&format!("KexAlgorithms {KEX_9}"), false).await;
}

#[tokio::test]
async fn each_cipher() {
    for name in CIPHERS.split(',') {
        check(&format!("Ciphers {name}"), true).await;
    }
    check("Ciphers aes256-cbc", false).await;
}

#[tokio::test]
async fn each_mac() {
    for name in MACS.split(',') {
        // The other ciphers bring their own.
        let supported = name.starts_with("hmac-sha2");
        check(&format!("Ciphers aes256-ctr\nMACs {name}"), supported).await;
    }
    check(
        "Ciphers aes128-gcm@openssh.com\nMACs umac-64@openssh.com",
        true,
    )
    .await;
}

#[tokio::test]
async fn each_host_key() {
    assert_eq!(connects("ed25519", "").await, Ok(()));
    for bits in ["256", "384", "521"] {
        let server = Server::start_prepared(&["ed25519"], |root| {
            let path = root.join("host_other");
            ssh_keygen(&[
                "-q",
                "-t",
                "ecdsa",
                "-b",
                bits,
                "-N",
                "",
                "-f",
                path.to_str().unwrap(),
            ]);
            format!(
                "HostKey {}\nHostKeyAlgorithms ecdsa-sha2-nistp{bits}",
                path.display()
            )
        });
        let known = HostKeys::KnownHosts(format!("* {}", server.host_key("other")));
        let user = server.credentials("user", None);
        server.try_connect(&known, &user).await.unwrap();
    }
    for name in ["rsa-sha2-512", "rsa-sha2-256"] {
        let refused = connects("rsa", &format!("HostKeyAlgorithms {name}")).await;
        assert!(
            refused
                .clone()
                .unwrap_err()
                .contains("RSA host keys are not supported"),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn each_user_key() {
    let server = Server::start();
    let authorized = server.path("authorized_keys");
    for (name, arguments) in [
        ("ed", ["-t", "ed25519", "-a", "1"]),
        ("p256", ["-t", "ecdsa", "-b", "256"]),
        ("p384", ["-t", "ecdsa", "-b", "384"]),
        ("p521", ["-t", "ecdsa", "-b", "521"]),
        ("rsa", ["-t", "rsa", "-b", "3072"]),
    ] {
        let path = server.remote(name);
        let mut all = vec!["-q", "-N", "", "-f", &path];
        all.extend(arguments);
        ssh_keygen(&all);
        std::fs::copy(server.path(&format!("{name}.pub")), &authorized).unwrap();
        let login = server.credentials(name, None);
        server
            .try_connect(&server.known_hosts(), &login)
            .await
            .unwrap();
    }
}
