//! TLS failures in plain words.

use std::error::Error as StdError;
use std::io;

use jiff::Timestamp;
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{self, CertificateError, InvalidMessage};

use crate::error::{NetError, NetErrorKind};

/// How many of a certificate's names are shown: some have hundreds.
const MAX_NAMES: usize = 5;

/// A failed handshake with `host`.
pub(super) fn handshake_error(host: &str, error: &io::Error) -> NetError {
    if let Some(error) = tls_error_in(host, error) {
        return error;
    }
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            format!("`{host}` closed the connection during the TLS handshake")
        }
        _ => format!("TLS handshake with `{host}` failed: {error}"),
    };
    failure("handshake", what)
}

/// The TLS failure that is in the chain of `error`, if there is one.
pub(crate) fn tls_error_in(host: &str, error: &(dyn StdError + 'static)) -> Option<NetError> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(tls) = current.downcast_ref::<rustls::Error>() {
            return Some(explain(host, tls));
        }
        // An io::Error hides the error it was made of: `source` is that one's source.
        cause = match current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}

fn explain(host: &str, error: &rustls::Error) -> NetError {
    match error {
        rustls::Error::InvalidCertificate(error) => explain_certificate(host, error),
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
            | InvalidMessage::InvalidEmptyPayload,
        ) => failure(
            "not-tls",
            format!("`{host}` does not speak TLS on this port"),
        ),
        rustls::Error::AlertReceived(alert) => failure(
            "handshake",
            format!("`{host}` refused the TLS handshake: {alert:?}"),
        ),
        other => failure(
            "handshake",
            format!(
                "TLS handshake with `{host}` failed: {}",
                printable(&other.to_string())
            ),
        ),
    }
}

fn explain_certificate(host: &str, error: &CertificateError) -> NetError {
    let of = format!("the certificate of `{host}`");
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            failure("expired", format!("{of} expired on {}", date(*not_after)))
        }
        CertificateError::Expired => failure("expired", format!("{of} has expired")),
        CertificateError::NotValidYetContext { not_before, .. } => failure(
            "not-yet-valid",
            format!("{of} is not valid before {}", date(*not_before)),
        ),
        CertificateError::NotValidYet => failure("not-yet-valid", format!("{of} is not valid yet")),
        CertificateError::UnknownIssuer => failure(
            "unknown-issuer",
            format!("{of} is from an unknown issuer: neither the system nor this step trusts it"),
        ),
        CertificateError::NotValidForNameContext { presented, .. } => failure(
            "name-mismatch",
            format!("{of} is for another name: {}", names(presented)),
        ),
        CertificateError::NotValidForName => {
            failure("name-mismatch", format!("{of} is for another name"))
        }
        CertificateError::Revoked => failure("revoked", format!("{of} was revoked")),
        other => failure(
            "certificate",
            format!("{of} is not acceptable: {}", printable(&other.to_string())),
        ),
    }
}

fn failure(reason: &str, message: String) -> NetError {
    NetError::new(NetErrorKind::Tls, message)
        .with("stage", "tls")
        .with("reason", reason)
}

fn date(time: UnixTime) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| "an unknown date".to_owned(), |time| time.to_string())
}

/// The names as webpki presents them (`DnsName("a.example")`), without their wrapping.
fn names(presented: &[String]) -> String {
    let shown: Vec<String> = presented
        .iter()
        .take(MAX_NAMES)
        .map(|name| {
            let bare = name
                .split_once('(')
                .and_then(|(_, rest)| rest.strip_suffix(')'))
                .unwrap_or(name);
            format!("`{}`", printable(bare.trim_matches('"')))
        })
        .collect();
    match presented.len().saturating_sub(MAX_NAMES) {
        _ if shown.is_empty() => "it has no names".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A certificate's text comes from the peer: control characters have no place in a message.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_plainly_and_briefly() {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (presented, expected) in [
            (list(&[]), "it has no names"),
            (list(&["DnsName(\"a.example\")"]), "`a.example`"),
            (
                list(&["a.example", "IpAddress(10.0.0.1)"]),
                "`a.example`, `10.0.0.1`",
            ),
            (list(&["a\u{1b}[2J"]), "`a?[2J`"),
            (
                list(&["a", "b", "c", "d", "e", "f", "g"]),
                "`a`, `b`, `c`, `d`, `e` and 2 more",
            ),
        ] {
            assert_eq!(names(&presented), expected);
        }
    }

    #[test]
    fn failures_have_a_reason() {
        for (error, reason, message) in [
            (
                rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer),
                "unknown-issuer",
                "the certificate of `a.example` is from an unknown issuer: neither the system nor this step trusts it",
            ),
            (
                rustls::Error::InvalidCertificate(CertificateError::Revoked),
                "revoked",
                "the certificate of `a.example` was revoked",
            ),
            (
                rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "not-tls",
                "`a.example` does not speak TLS on this port",
            ),
            (
                rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure),
                "handshake",
                "`a.example` refused the TLS handshake: HandshakeFailure",
            ),
        ] {
            let wrapped = io::Error::other(io::Error::other(error));
            let error = handshake_error("a.example", &wrapped);
            assert_eq!(error.details["reason"], reason);
            assert_eq!(error.message, message);
        }
    }
}
