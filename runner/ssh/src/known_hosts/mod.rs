//! Which host key is accepted. Pure: text in, verdict out.
//!
//! As OpenSSH judges with `StrictHostKeyChecking yes`: a revoked key is refused whatever else is written, then any
//! line with the same key accepts it, then a line with another key of the same type is a mismatch, and a host
//! without such a line is unknown. A host for which an `@cert-authority` line stands is asked for a certificate, which
//! `certificate` judges; one that is not valid counts as its key alone. A host may have several keys written down: that
//! is how one is exchanged for another.

mod certificate;
mod line;
mod pattern;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey};
use serde_json::{Value, json};

pub(crate) use certificate::{check_certificate, in_time};
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
        /// Lines that name a certificate authority for the host, from 1: the server showed no certificate.
        authorities: Vec<usize>,
    },
    /// Another key is expected.
    #[error("the host key is {} {}, expected {}", offered.key_type, offered.fingerprint, list(expected))]
    Mismatch {
        /// What the server showed.
        offered: KeyFingerprint,
        /// What is written down for this host.
        expected: Vec<ExpectedKey>,
        /// The line that would accept the key, if it was changed on purpose. It may stand beside the old one.
        line_to_add: String,
    },
    /// The server's certificate does not speak for the host, and the key in it is not known by itself.
    #[error("the host certificate {key_id:?} of {} {} {reason}", offered.key_type, offered.fingerprint)]
    Certificate {
        /// The key that the certificate is for.
        offered: KeyFingerprint,
        /// What the authority called it.
        key_id: String,
        /// The key that signed it.
        authority: KeyFingerprint,
        /// Why it is not accepted, as the end of a sentence.
        reason: String,
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
                authorities,
            } => json!({
                "offered": key(offered),
                "line_to_add": line_to_add,
                "other_types": expected(other_types),
                "authorities": authorities,
            }),
            Self::Mismatch {
                offered,
                expected: keys,
                line_to_add,
            } => json!({
                "offered": key(offered), "expected": expected(keys), "line_to_add": line_to_add,
            }),
            Self::Certificate {
                offered,
                key_id,
                authority,
                reason,
            } => json!({
                "offered": key(offered), "key_id": key_id, "authority": key(authority), "reason": reason,
            }),
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
        authorities: authorities(known, host, port),
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
                Err(HostKeyRefusal::Mismatch {
                    offered,
                    expected,
                    line_to_add: line_to_add(host, port, key),
                })
            }
        }
        HostKeys::KnownHosts(text) => {
            let known = KnownHosts::parse(text);
            let names = names(host, port);
            let same = |line: &&Line| line.key.key_data() == key.key_data();
            for name in &names {
                if let Some(line) = known.about(name, Some(Marker::Revoked)).find(same) {
                    return Err(HostKeyRefusal::Revoked {
                        offered,
                        line: line.number,
                    });
                }
            }
            let mut other_types = Vec::new();
            for (place, name) in names.iter().enumerate() {
                if known.about(name, None).any(|line| same(&line)) {
                    return Ok(());
                }
                // A line without the port may be about another server of the host: it accepts, and contradicts nothing.
                if place > 0 {
                    break;
                }
                let (expected, other): (Vec<&Line>, Vec<&Line>) = known
                    .about(name, None)
                    .partition(|line| line.key.algorithm() == key.algorithm());
                if !expected.is_empty() {
                    return Err(HostKeyRefusal::Mismatch {
                        offered,
                        expected: expected.into_iter().map(expected_key).collect(),
                        line_to_add: line_to_add(host, port, key),
                    });
                }
                other_types.extend(other.into_iter().map(expected_key));
            }
            Err(unknown(offered, other_types))
        }
    }
}

/// Lines of the known hosts that say nothing here, each as a sentence: unreadable ones, RSA certificate authorities,
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
                .filter(|line| {
                    line.marker == Some(Marker::CertAuthority) && line.key.algorithm().is_rsa()
                })
                .map(|line| {
                    format!(
                        "line {} names a certificate authority with an RSA key, which is not supported",
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

/// The algorithms of certificates to ask the server for: all, where an authority is named for the host, else none. Asking
/// a server for a certificate that nobody could judge would hide the plain key that is known.
pub(crate) fn preferred_certificates(known: &HostKeys, host: &str, port: u16) -> Vec<Algorithm> {
    if authorities(known, host, port).is_empty() {
        Vec::new()
    } else {
        preferred_algorithms(known, host, port)
    }
}

/// The lines, from 1, that name a certificate authority for the host.
fn authorities(known: &HostKeys, host: &str, port: u16) -> Vec<usize> {
    let HostKeys::KnownHosts(text) = known else {
        return Vec::new();
    };
    let known = KnownHosts::parse(text);
    let mut lines: Vec<usize> = names(host, port)
        .iter()
        .flat_map(|name| known.about(name, Some(Marker::CertAuthority)))
        .map(|line| line.number)
        .collect();
    lines.sort_unstable();
    lines.dedup();
    lines
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
mod table_tests;
#[cfg(test)]
mod tests;
