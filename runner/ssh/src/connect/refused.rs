//! What a handshake that failed means, and what to do about it.

use serde_json::{Map, Value, json};

use super::{HandlerError, Target, printable, too_much};
use crate::error::{SshError, SshErrorKind, Stage};
use crate::known_hosts::{HostKeyRefusal, HostKeys, warnings};
use crate::stream::Inbound;

pub(super) fn handshake_error(
    error: HandlerError,
    target: &Target,
    host_keys: &HostKeys,
    inbound: &Inbound,
) -> SshError {
    if let Some(error) = too_much(Stage::KeyExchange, inbound) {
        return error;
    }
    match error {
        // What russh makes no sense of ends a connection that the server has not.
        HandlerError::Russh(russh::Error::Disconnect | russh::Error::HUP)
            if !inbound.has_ended() =>
        {
            SshError::new(
                Stage::KeyExchange,
                SshErrorKind::Peer,
                "what the server says makes no sense",
            )
        }
        HandlerError::HostKey(refusal) => host_key_error(&refusal, target, host_keys),
        HandlerError::Russh(russh::Error::NoCommonAlgo { kind, ours, theirs }) => {
            let hint = if theirs.iter().any(|name| name.contains("rsa"))
                && matches!(kind, russh::AlgorithmKind::Key)
            {
                "; RSA host keys are not supported: give the server an ed25519 one (ssh-keygen -A)"
            } else {
                ""
            };
            let what = match kind {
                russh::AlgorithmKind::Kex => "key exchange",
                russh::AlgorithmKind::Key => "host key",
                russh::AlgorithmKind::Cipher => "cipher",
                russh::AlgorithmKind::Mac => "MAC",
                russh::AlgorithmKind::Compression => "compression",
            };
            let offered = printable(&theirs.join(", "));
            SshError::new(
                Stage::KeyExchange,
                SshErrorKind::Peer,
                format!("no {what} algorithm in common: the server offers {offered}{hint}"),
            )
            .with_details(json!({ "ours": ours, "theirs": theirs }))
        }
        HandlerError::Russh(error) => SshError::from_russh(Stage::KeyExchange, &error),
    }
}

fn host_key_error(refusal: &HostKeyRefusal, target: &Target, host_keys: &HostKeys) -> SshError {
    let mut details = match refusal.details() {
        Value::Object(details) => details,
        _ => Map::new(),
    };
    details.insert("host".into(), json!(target.host));
    details.insert("port".into(), json!(target.port));
    let warnings = warnings(host_keys);
    if !warnings.is_empty() {
        details.insert("warnings".into(), json!(warnings));
    }
    let (kind, hint) = match refusal {
        HostKeyRefusal::Unknown {
            line_to_add,
            other_types,
            authorities,
            ..
        } => {
            let mut others = String::new();
            if !other_types.is_empty() {
                others.push_str("; only keys of other types are known for it");
            }
            if let Some(line) = authorities.first() {
                others.push_str(&format!(
                    "; it showed no certificate of the authority in line {line}"
                ));
            }
            (
                SshErrorKind::HostKeyUnknown,
                format!("{others}; if the fingerprint is right, add: {line_to_add}"),
            )
        }
        HostKeyRefusal::Mismatch {
            expected,
            line_to_add,
            ..
        } => {
            let advice = if expected.iter().any(|key| key.line.is_some()) {
                format!(
                    "add this line (the old one may stay until every server has changed): {line_to_add}"
                )
            } else {
                "add the new fingerprint beside the old one".to_owned()
            };
            (
                SshErrorKind::HostKeyMismatch,
                format!(
                    "; the server's key was changed, or somebody is in between: compare the fingerprint on the \
                     server itself (ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub), and only if it is right {advice}"
                ),
            )
        }
        HostKeyRefusal::Certificate { .. } => (SshErrorKind::HostCertificate, String::new()),
        HostKeyRefusal::Revoked { .. } => (SshErrorKind::HostKeyRevoked, String::new()),
    };
    SshError::new(
        Stage::HostKey,
        kind,
        format!("{}:{}: {refusal}{hint}", target.host, target.port),
    )
    .with_details(Value::Object(details))
}
