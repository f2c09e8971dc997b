//! Our verdicts against those of OpenSSH's own client, for every case of `table/table.json` (its version is in there,
//! `table/make_table.py` makes it).

use russh::keys::{Certificate, PublicKey};
use serde_json::Value;

use super::*;

const TABLE: &str = include_str!("table/table.json");

/// Where we decide otherwise on purpose. Each of these refuses as well, or refuses more.
const OTHERWISE: [(&str, &str, &str); 2] = [
    (
        "a key of another type",
        "unknown",
        // The known key may still be the server's: it shows one of a type that we speak. What was known is told.
        "OpenSSH calls any other key a changed one",
    ),
    (
        "revoked without the port",
        "revoked",
        // Whoever revokes a key means the host.
        "OpenSSH looks no further once a line has the port",
    ),
];

struct Server {
    keys: Vec<PublicKey>,
    certificate: Option<Certificate>,
}

/// What the table's server shows, as it would be asked for, judged.
fn verdict(server: &Server, known: &HostKeys, host: &str, port: u16) -> &'static str {
    let key = preferred_algorithms(known, host, port)
        .into_iter()
        .find_map(|wanted| server.keys.iter().find(|key| key.algorithm() == wanted))
        .unwrap();
    let asked = preferred_certificates(known, host, port);
    let judged = match &server.certificate {
        // It is valid at all times.
        Some(shown) if !asked.is_empty() => {
            check_certificate(known, host, port, shown, 1_800_000_000)
        }
        _ => check_host_key(known, host, port, key),
    };
    match judged {
        Ok(()) => "accepted",
        Err(HostKeyRefusal::Unknown { .. }) => "unknown",
        Err(HostKeyRefusal::Mismatch { .. }) => "mismatch",
        Err(HostKeyRefusal::Revoked { .. }) => "revoked",
        // For a certificate that is not accepted OpenSSH says of the key what it says without one.
        Err(HostKeyRefusal::Certificate { .. }) => match check_host_key(known, host, port, key) {
            Err(HostKeyRefusal::Mismatch { .. }) => "mismatch",
            _ => "unknown",
        },
    }
}

#[test]
fn verdicts_are_those_of_the_reference_tool() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert!(text(&table["openssh"]).starts_with("OpenSSH_"));
    let key = |name: &str| PublicKey::from_openssh(&text(&table["keys"][name])).unwrap();
    let certificate = Certificate::from_openssh(&text(&table["keys"]["certificate"])).unwrap();
    let cases = table["cases"].as_array().unwrap();
    assert!(cases.len() >= 70);
    let mut met = Vec::new();
    for case in cases {
        let name = text(&case["case"]);
        let server = Server {
            keys: match case["server"].as_str() {
                Some("two") => vec![key("new"), key("ecdsa")],
                _ => vec![key("new")],
            },
            certificate: (case["server"] == "signed").then(|| certificate.clone()),
        };
        let known = HostKeys::KnownHosts(text(&case["known_hosts"]));
        let port = u16::try_from(case["port"].as_u64().unwrap()).unwrap();
        let found = verdict(&server, &known, &text(&case["host"]), port);
        match OTHERWISE.iter().find(|(known, _, _)| *known == name) {
            Some((_, ours, why)) => {
                assert_eq!(found, *ours, "{name}: {why}");
                assert_ne!(case["verdict"], *ours, "{name}: no difference any more");
                met.push(name);
            }
            None => assert_eq!(found, case["verdict"], "{name}: {known:?}"),
        }
        // Nothing that OpenSSH refuses is accepted.
        assert!(found != "accepted" || case["verdict"] == "accepted");
    }
    assert_eq!(met.len(), OTHERWISE.len(), "{met:?}");
}
