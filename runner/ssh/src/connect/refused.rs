//! What a handshake that failed means, and what to do about it.

use serde_json::{Map, Value, json};

use super::{HandlerError, Target};
use crate::error::{SshError, SshErrorKind, Stage};
use crate::known_hosts::{HostKeyRefusal, HostKeys, warnings};

pub(super) fn handshake_error(
    error: HandlerError,
    target: &Target,
    host_keys: &HostKeys,
) -> SshError {
    match error {
        HandlerError::HostKey(refusal) => host_key_error(&refusal, target, host_keys),
        HandlerError::Russh(russh::Error::NoCommonAlgo { kind, ours, theirs }) => {
            let hint = if theirs.iter().any(|name| name.contains("rsa"))
                && matches!(kind, russh::AlgorithmKind::Key)
            {
                "; RSA host keys are not supported: give the server an ed25519 one (ssh-keygen -A)"
            } else {
                ""
            };
            let what = format!("{kind:?}").to_lowercase();
            SshError::new(
                Stage::KeyExchange,
                SshErrorKind::Peer,
                format!("no {what} algorithm in common{hint}"),
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
            ..
        } => {
            let others = if other_types.is_empty() {
                String::new()
            } else {
                "; only keys of other types are known for it".to_owned()
            };
            (
                SshErrorKind::HostKeyUnknown,
                format!("{others}; if the fingerprint is right, add: {line_to_add}"),
            )
        }
        HostKeyRefusal::Mismatch { .. } => (
            SshErrorKind::HostKeyMismatch,
            "; the server was reinstalled, or somebody is in between".to_owned(),
        ),
        HostKeyRefusal::Revoked { .. } => (SshErrorKind::HostKeyRevoked, String::new()),
    };
    SshError::new(
        Stage::HostKey,
        kind,
        format!("{}:{}: {refusal}{hint}", target.host, target.port),
    )
    .with_details(Value::Object(details))
}
