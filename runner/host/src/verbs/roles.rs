//! What the host reads for the plugin: the inputs whose sinks and roles serve a target, a script, a release or a build.

use capstep_grants::bind::RoleKind;
use capstep_grants::check::{Act, Permit};
use capstep_grants::manifest::SinkKind;
use capstep_grants::pointer;
use capstep_secrets::SecretValue;
use capstep_ssh::HostKeys;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::protocol::ErrorKind;
use crate::step::Shared;
use crate::verbs::files::role_text;
use crate::verbs::wrong_permit;

/// The largest `known_hosts` file.
const KNOWN_HOSTS_LIMIT: u64 = 4 * 1024 * 1024;

/// The pointer of the input that serves `served` in a role.
pub(super) fn role<'a>(shared: &'a Shared, kind: RoleKind, served: &str) -> Option<&'a str> {
    shared
        .authority
        .bound
        .roles
        .iter()
        .find(|role| role.kind == kind && role.serves.iter().any(|pointer| pointer == served))
        .map(|role| role.pointer.as_str())
}

/// The value of the input that serves `served` in a role, where it is set.
pub(super) fn role_value<'a>(
    shared: &'a Shared,
    kind: RoleKind,
    served: &str,
) -> Option<&'a Value> {
    let value = shared
        .authority
        .bound
        .values
        .pointer(role(shared, kind, served)?)?;
    (!value.is_null()).then_some(value)
}

/// The texts of a list input in a role.
pub(super) fn role_texts(shared: &Shared, kind: RoleKind, served: &str) -> Vec<String> {
    match role_value(shared, kind, served) {
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// The pointers of a list input's items in a role.
pub(super) fn items(shared: &Shared, kind: RoleKind, served: &str) -> Vec<String> {
    let Some(at) = role(shared, kind, served) else {
        return Vec::new();
    };
    match shared.authority.bound.values.pointer(at) {
        Some(Value::Array(items)) => (0..items.len())
            .map(|index| pointer::join(at, &index.to_string()))
            .collect(),
        _ => Vec::new(),
    }
}

/// The names and texts of a map input in a role, in the order written.
pub(super) fn role_pairs(shared: &Shared, kind: RoleKind, served: &str) -> Vec<(String, String)> {
    match role_value(shared, kind, served) {
        Some(Value::Object(entries)) => entries
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        _ => Vec::new(),
    }
}

/// The host keys that a target may show: pinned fingerprints where there are any, else the known hosts.
pub(super) fn host_keys(shared: &Shared, target: &str) -> Result<HostKeys, Fault> {
    let pinned = role_texts(shared, RoleKind::HostKey, target);
    if !pinned.is_empty() {
        return Ok(HostKeys::Fingerprints(pinned));
    }
    match role(shared, RoleKind::KnownHosts, target) {
        Some(at) => {
            Ok(role_text(shared, at, KNOWN_HOSTS_LIMIT)?
                .map_or(HostKeys::None, HostKeys::KnownHosts))
        }
        None => Ok(HostKeys::None),
    }
}

/// The secret whose sink is this one, with its pointer.
pub(super) fn secret_for(
    shared: &Shared,
    kind: SinkKind,
    served: &str,
) -> Result<Option<(String, SecretValue)>, Fault> {
    let found = shared.authority.bound.secrets.iter().find(|secret| {
        secret.sink.as_ref().is_some_and(|sink| {
            sink.kind == kind && sink.to.iter().any(|pointer| pointer == served)
        })
    });
    let Some(secret) = found else { return Ok(None) };
    let Permit::Value { .. } = shared.permit(&Act::Use {
        input: &secret.pointer,
        sink: kind,
        to: served,
    })?
    else {
        return wrong_permit();
    };
    Ok(shared
        .value(&secret.pointer)
        .map(|value| (secret.pointer.clone(), value)))
}

/// Variables and their values, in order.
pub(super) type Variables = Vec<(String, Zeroizing<String>)>;

/// A script's environment, in the order written, and the pointers of its values.
pub(super) fn environment(
    shared: &Shared,
    script: &str,
) -> Result<(Variables, Vec<String>), Fault> {
    let (mut environment, mut pointers) = (Vec::new(), Vec::new());
    let Some(at) = role(shared, RoleKind::ScriptEnv, script) else {
        return Ok((environment, pointers));
    };
    let Some(Value::Object(values)) = shared.authority.bound.values.pointer(at) else {
        return Ok((environment, pointers));
    };
    for name in values.keys() {
        let input = pointer::join(at, name);
        let Permit::Value { .. } = shared.permit(&Act::Use {
            input: &input,
            sink: SinkKind::RemoteEnv,
            to: script,
        })?
        else {
            return wrong_permit();
        };
        let value = shared.value(&input).ok_or_else(|| {
            Fault::error(
                ErrorKind::NotFound,
                format!("the variable `{name}` has no value"),
            )
        })?;
        environment.push((name.clone(), Zeroizing::new(value.expose().to_owned())));
        pointers.push(input);
    }
    Ok((environment, pointers))
}
