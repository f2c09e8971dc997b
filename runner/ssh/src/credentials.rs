//! The user's private key, out of a secret.

use std::sync::Arc;

use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{Certificate, Error as KeyError, HashAlg, PrivateKey, PublicKey};
use zeroize::Zeroizing;

use crate::connect::printable;
use crate::error::{SshError, SshErrorKind, Stage};
use crate::known_hosts::in_time;
use crate::rsa::{RsaKey, Unusable};

/// What a user logs in with.
pub struct Credentials {
    /// The text of a private key: OpenSSH, PKCS#8, PKCS#1 or SEC 1. Line ends and blank lines around it may be broken.
    pub private_key: Zeroizing<String>,
    /// For an encrypted key.
    pub passphrase: Option<Zeroizing<String>>,
    /// The key's certificate, as `ssh-keygen -s` writes it (`….pub`): with one the login is by it alone.
    pub certificate: Option<String>,
}

/// What was made of [`Credentials`].
pub(crate) struct Login {
    pub(crate) key: LoginKey,
    pub(crate) certificate: Option<Certificate>,
}

/// A private key, with what signs by it.
pub(crate) enum LoginKey {
    Russh(Arc<PrivateKey>),
    Rsa(RsaKey),
}

impl LoginKey {
    pub(crate) fn public(&self) -> &PublicKey {
        match self {
            Self::Russh(key) => key.public_key(),
            Self::Rsa(key) => &key.public,
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// A key longer than this is none; the bound keeps a wrong file from being parsed at length.
const KEY_TEXT_LIMIT: usize = 64 * 1024;

impl Credentials {
    /// Reads and decrypts the key, and reads its certificate; `now` is in seconds since 1970.
    ///
    /// Fails with [`SshErrorKind::KeyInvalid`]; the message tells the cases apart and never quotes the key's text. What a
    /// certificate allows is the server's to judge: only one that can't help anywhere is refused here.
    pub(crate) fn load(&self, now: u64) -> Result<Login, SshError> {
        let key = self.key()?;
        let certificate = match &self.certificate {
            Some(text) => Some(certificate(text, key.public(), now)?),
            None => None,
        };
        Ok(Login { key, certificate })
    }

    fn key(&self) -> Result<LoginKey, SshError> {
        let text = repair(&self.private_key);
        if text.is_empty() {
            return Err(invalid("the private key is empty"));
        }
        if text.len() > KEY_TEXT_LIMIT {
            return Err(invalid("the private key is too long to be one"));
        }
        if text.starts_with("ssh-") || text.starts_with("ecdsa-") {
            return Err(invalid(
                "this is a public key; the private one begins with -----BEGIN",
            ));
        }
        if !text.contains("-----BEGIN ") {
            return Err(invalid(
                "this is not a private key: there is no line -----BEGIN ... PRIVATE KEY-----",
            ));
        }
        if !text.contains("-----END ") {
            return Err(invalid(
                "the private key is cut off: its END line is missing",
            ));
        }
        if text.contains("-----BEGIN RSA PRIVATE KEY-----") {
            if text.contains("ENCRYPTED") {
                return Err(encrypted_rsa());
            }
            return rsa(RsaKey::from_pem(&text));
        }
        let passphrase = self.passphrase.as_ref().map(|text| text.as_str());
        // With a passphrase russh takes every PKCS#8 key for an encrypted one.
        let encrypted = text.contains("OPENSSH PRIVATE KEY") || text.contains("ENCRYPTED");
        let passphrase = passphrase.filter(|_| encrypted);
        let key = match russh::keys::decode_secret_key(&text, passphrase) {
            Ok(key) => key,
            Err(KeyError::UnknownAlgorithm(oid)) if oid.to_string() == RSA_OID => {
                if encrypted {
                    return Err(encrypted_rsa());
                }
                return rsa(RsaKey::from_pem(&text));
            }
            Err(error) => return Err(explain(&error, passphrase.is_some(), &text)),
        };
        if let KeypairData::Rsa(pair) = key.key_data() {
            return rsa(RsaKey::from_openssh(pair));
        }
        if matches!(key.algorithm().as_str(), "ssh-dss") {
            return Err(invalid("DSA keys are not supported"));
        }
        Ok(LoginKey::Russh(Arc::new(key)))
    }
}

/// Reads a certificate and compares it with its key and the time.
fn certificate(text: &str, key: &PublicKey, now: u64) -> Result<Certificate, SshError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.len() > KEY_TEXT_LIMIT {
        return Err(invalid("the certificate is too long to be one"));
    }
    let read = Certificate::from_openssh(text).map_err(|_| {
        invalid(if text.contains("-cert-v01@openssh.com ") {
            "the certificate cannot be read; is it whole?"
        } else {
            "this is not a certificate: it begins with a type such as ssh-ed25519-cert-v01@openssh.com"
        })
    })?;
    let named = format!("the certificate {:?}", printable(read.key_id()));
    if !read.cert_type().is_user() {
        return Err(invalid(format!("{named} is a host's, not a user's")));
    }
    if read.public_key() != key.key_data() {
        return Err(invalid(format!(
            "{named} is for another key: {}, not {}",
            read.public_key().fingerprint(HashAlg::Sha256),
            key.fingerprint(HashAlg::Sha256),
        )));
    }
    in_time(&read, now).map_err(|why| invalid(format!("{named} {why}")))?;
    Ok(read)
}

fn invalid(message: impl Into<String>) -> SshError {
    SshError::new(Stage::Authentication, SshErrorKind::KeyInvalid, message)
}

fn rsa(key: Result<RsaKey, Unusable>) -> Result<LoginKey, SshError> {
    key.map(LoginKey::Rsa).map_err(|why| match why {
        Unusable::Broken => invalid("the private key cannot be read; is it whole?"),
        Unusable::Refused(why) => invalid(format!("the RSA key {why}")),
    })
}

fn encrypted_rsa() -> SshError {
    invalid(
        "an encrypted RSA key is read in OpenSSH's format alone: ssh-keygen -p -f KEY rewrites it, with the same passphrase if you like",
    )
}

fn explain(error: &KeyError, with_passphrase: bool, text: &str) -> SshError {
    use russh::keys::ssh_key::Error as Inner;
    match error {
        KeyError::KeyIsEncrypted => {
            invalid("the private key is encrypted and no passphrase was given")
        }
        KeyError::SshKey(Inner::Crypto) if with_passphrase => {
            invalid("the passphrase does not open the private key")
        }
        KeyError::Pkcs8(_) | KeyError::Der(_) if with_passphrase => {
            invalid("the passphrase does not open the private key")
        }
        _ if text.contains("BEGIN ENCRYPTED") && !with_passphrase => {
            invalid("the private key is encrypted and no passphrase was given")
        }
        KeyError::UnsupportedKeyType { .. } | KeyError::UnknownAlgorithm(_) => invalid(
            "the type of the private key is not supported: make an ed25519 key: ssh-keygen -t ed25519",
        ),
        KeyError::SshKey(Inner::AlgorithmUnknown | Inner::AlgorithmUnsupported { .. }) => invalid(
            "the type of the private key is not supported: make an ed25519 key: ssh-keygen -t ed25519",
        ),
        _ => invalid("the private key cannot be read; is it whole?"),
    }
}

/// `rsaEncryption` in a PKCS#8 key.
const RSA_OID: &str = "1.2.840.113549.1.1.1";

/// Undoes what CI variables do to a key: CRLF or CR line ends, spaces and blank lines around it and within, a byte
/// order mark, no last newline. A literal backslash and `n` stay: guessing there would hide a mistake.
pub(crate) fn repair(text: &str) -> Zeroizing<String> {
    let text = text.trim_start_matches('\u{feff}');
    let mut repaired = Zeroizing::new(String::with_capacity(text.len() + 1));
    for line in text.split(['\r', '\n']) {
        let line = line.trim_matches([' ', '\t']);
        if !line.is_empty() {
            repaired.push_str(line);
            repaired.push('\n');
        }
    }
    repaired
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_line_ends_are_repaired() {
        let check = |text: &str, expected: &str| assert_eq!(*repair(text), expected, "{text:?}");
        check("", "");
        check("\n\n", "");
        check("a\nb\n", "a\nb\n");
        check("a\nb", "a\nb\n");
        check("a\r\nb\r\n", "a\nb\n");
        check("a\rb", "a\nb\n");
        check("\n\n  a \n\n b\t\r\n\r\n", "a\nb\n");
        check("\u{feff}a", "a\n");
        check("a\\nb", "a\\nb\n");
    }

    #[test]
    fn texts_that_are_no_usable_key_are_told_apart() {
        let check = |text: &str, expected: &str| {
            let credentials = Credentials {
                private_key: Zeroizing::new(text.into()),
                passphrase: None,
                certificate: None,
            };
            let error = credentials.load(0).map(drop).unwrap_err();
            assert_eq!(error.kind, SshErrorKind::KeyInvalid);
            assert!(
                error.message.contains(expected),
                "{text:?}: {}",
                error.message
            );
        };
        check("", "empty");
        check("hunter2", "not a private key");
        check("ssh-ed25519 AAAA", "public key");
        check("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "cut off");
        check(
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----",
            "cannot be read",
        );
        check(
            "-----BEGIN RSA PRIVATE KEY-----\nb3Bl\n-----END RSA PRIVATE KEY-----",
            "cannot be read",
        );
        check(&"x".repeat(KEY_TEXT_LIMIT + 1), "too long");
    }
}
