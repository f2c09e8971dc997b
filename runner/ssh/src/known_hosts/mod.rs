//! Which host key is accepted. Pure: text in, verdict out.
//!
//! As OpenSSH judges with `StrictHostKeyChecking yes`: a revoked key is refused whatever else is written, then any
//! line with the same key accepts it, then a line with another key of the same type is a mismatch, and a host
//! without such a line is unknown. Certificates of hosts are not offered to the server, so `@cert-authority` lines
//! say nothing here.

mod line;
mod pattern;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey};
use serde_json::{Value, json};

use line::{KnownHosts, Line, Marker};

/// The host keys that a connection accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKeys {
    /// The text of a `known_hosts` file.
    KnownHosts(String),
    /// Fingerprints as `ssh-keygen -l` prints them: `SHA256:` and base64.
    Fingerprints(Vec<String>),
    /// Nothing is known: every key is refused, and the refusal shows the line to add.
    None,
}

/// A key as people compare it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFingerprint {
    /// Such as `ssh-ed25519`.
    pub key_type: String,
    /// `SHA256:...`
    pub fingerprint: String,
}

impl KeyFingerprint {
    pub(crate) fn of(key: &PublicKey) -> Self {
        Self {
            key_type: key.algorithm().as_str().to_owned(),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        }
    }
}

/// A key that was expected, and where that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedKey {
    /// Unknown where only a fingerprint was given.
    pub key_type: Option<String>,
    /// `SHA256:...`
    pub fingerprint: String,
    /// The line of the known hosts, from 1.
    pub line: Option<usize>,
}

/// Why a host key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostKeyRefusal {
    /// No key of this type is known for the host.
    #[error("the host key {} {} is not known", offered.key_type, offered.fingerprint)]
    Unknown {
        /// What the server showed.
        offered: KeyFingerprint,
        /// The line that would accept it, once somebody has checked the fingerprint.
        line_to_add: String,
        /// Keys of other types that are known for the host.
        other_types: Vec<ExpectedKey>,
    },
    /// Another key is expected.
    #[error("the host key is {} {}, expected {}", offered.key_type, offered.fingerprint, list(expected))]
    Mismatch {
        /// What the server showed.
        offered: KeyFingerprint,
        /// What is written down for this host.
        expected: Vec<ExpectedKey>,
    },
    /// The key is marked `@revoked`.
    #[error("the host key {} {} is revoked by line {line}", offered.key_type, offered.fingerprint)]
    Revoked {
        /// What the server showed.
        offered: KeyFingerprint,
        /// The line of the known hosts, from 1.
        line: usize,
    },
}

fn list(expected: &[ExpectedKey]) -> String {
    let words: Vec<String> = expected
        .iter()
        .map(|key| {
            let mut text = key.key_type.clone().unwrap_or_default();
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&key.fingerprint);
            if let Some(line) = key.line {
                text.push_str(&format!(" (line {line})"));
            }
            text
        })
        .collect();
    words.join(" or ")
}

impl HostKeyRefusal {
    /// The refusal as data for a report.
    pub fn details(&self) -> Value {
        let key =
            |key: &KeyFingerprint| json!({ "type": key.key_type, "fingerprint": key.fingerprint });
        let expected = |keys: &[ExpectedKey]| -> Vec<Value> {
            keys.iter()
                .map(|key| {
                    json!({ "type": key.key_type, "fingerprint": key.fingerprint, "line": key.line })
                })
                .collect()
        };
        match self {
            Self::Unknown {
                offered,
                line_to_add,
                other_types,
            } => json!({
                "offered": key(offered),
                "line_to_add": line_to_add,
                "other_types": expected(other_types),
            }),
            Self::Mismatch {
                offered,
                expected: keys,
            } => json!({ "offered": key(offered), "expected": expected(keys) }),
            Self::Revoked { offered, line } => json!({ "offered": key(offered), "line": line }),
        }
    }
}

/// Decides whether `key` is one that `known` accepts for `host` and `port`.
pub fn check_host_key(
    known: &HostKeys,
    host: &str,
    port: u16,
    key: &PublicKey,
) -> Result<(), HostKeyRefusal> {
    let offered = KeyFingerprint::of(key);
    let unknown = |offered, other_types| HostKeyRefusal::Unknown {
        offered,
        line_to_add: line_to_add(host, port, key),
        other_types,
    };
    match known {
        HostKeys::None => Err(unknown(offered, Vec::new())),
        HostKeys::Fingerprints(fingerprints) => {
            let wanted = offered.fingerprint.trim_end_matches('=').to_owned();
            if fingerprints.iter().any(|text| normalized(text) == wanted) {
                Ok(())
            } else if fingerprints.is_empty() {
                Err(unknown(offered, Vec::new()))
            } else {
                let expected = fingerprints
                    .iter()
                    .map(|text| ExpectedKey {
                        key_type: None,
                        fingerprint: normalized(text).to_owned(),
                        line: None,
                    })
                    .collect();
                Err(HostKeyRefusal::Mismatch { offered, expected })
            }
        }
        HostKeys::KnownHosts(text) => {
            let known = KnownHosts::parse(text);
            let names = names(host, port);
            let same = |line: &&Line| line.key.key_data() == key.key_data();
            let about = |name: &str, marker: Option<Marker>| {
                known
                    .lines
                    .iter()
                    .filter(move |line| line.marker == marker)
                    .filter({
                        let name = name.to_owned();
                        move |line| line.hosts.matches(&name)
                    })
                    .collect::<Vec<_>>()
            };
            for name in &names {
                if let Some(line) = about(name, Some(Marker::Revoked)).into_iter().find(same) {
                    return Err(HostKeyRefusal::Revoked {
                        offered,
                        line: line.number,
                    });
                }
            }
            let mut other_types = Vec::new();
            for name in &names {
                let lines = about(name, None);
                if lines.iter().any(same) {
                    return Ok(());
                }
                let (expected, other): (Vec<&Line>, Vec<&Line>) = lines
                    .into_iter()
                    .partition(|line| line.key.algorithm() == key.algorithm());
                if !expected.is_empty() {
                    return Err(HostKeyRefusal::Mismatch {
                        offered,
                        expected: expected.into_iter().map(expected_key).collect(),
                    });
                }
                other_types.extend(other.into_iter().map(expected_key));
            }
            Err(unknown(offered, other_types))
        }
    }
}

/// Lines of the known hosts that say nothing here, each as a sentence: unreadable ones, certificate authorities,
/// fingerprints that aren't SHA-256.
pub fn warnings(known: &HostKeys) -> Vec<String> {
    match known {
        HostKeys::None => Vec::new(),
        HostKeys::Fingerprints(fingerprints) => fingerprints
            .iter()
            .filter(|text| !text.trim().starts_with("SHA256:"))
            .map(|text| format!("{text:?} is not a SHA256 fingerprint"))
            .collect(),
        HostKeys::KnownHosts(text) => {
            let known = KnownHosts::parse(text);
            let authorities = known
                .lines
                .iter()
                .filter(|line| line.marker == Some(Marker::CertAuthority))
                .map(|line| {
                    format!(
                        "line {} names a certificate authority, which is not supported",
                        line.number
                    )
                });
            known.warnings.iter().cloned().chain(authorities).collect()
        }
    }
}

/// The host key algorithms to offer, the types that are known for the host first: a server with keys of several types
/// then shows one that can be compared, as with OpenSSH. RSA is left out (see the crate's documentation).
pub(crate) fn preferred_algorithms(known: &HostKeys, host: &str, port: u16) -> Vec<Algorithm> {
    let mut algorithms = vec![
        Algorithm::Ed25519,
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        },
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP384,
        },
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP521,
        },
    ];
    if let HostKeys::KnownHosts(text) = known {
        let known = KnownHosts::parse(text);
        let names = names(host, port);
        // A stable sort keeps the order of preference within both halves.
        algorithms.sort_by_key(|algorithm| {
            !known.lines.iter().any(|line| {
                line.marker.is_none()
                    && line.key.algorithm() == *algorithm
                    && names.iter().any(|name| line.hosts.matches(name))
            })
        });
    }
    algorithms
}

/// The names that lines are looked up by. As in OpenSSH a line without a port also counts for another port, where no
/// line names that port.
fn names(host: &str, port: u16) -> Vec<String> {
    if port == DEFAULT_PORT {
        vec![host.to_owned()]
    } else {
        vec![format!("[{host}]:{port}"), host.to_owned()]
    }
}

/// The port that `known_hosts` does not write out.
const DEFAULT_PORT: u16 = 22;

fn line_to_add(host: &str, port: u16, key: &PublicKey) -> String {
    let name = names(host, port).into_iter().next().unwrap_or_default();
    let bare = PublicKey::from(key.key_data().clone());
    format!("{name} {}", bare.to_openssh().unwrap_or_default().trim())
}

fn expected_key(line: &Line) -> ExpectedKey {
    let key = KeyFingerprint::of(&line.key);
    ExpectedKey {
        key_type: Some(key.key_type),
        fingerprint: key.fingerprint,
        line: Some(line.number),
    }
}

fn normalized(fingerprint: &str) -> &str {
    fingerprint.trim().trim_end_matches('=')
}

#[cfg(test)]
mod tests;
