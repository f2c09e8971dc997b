//! What the host reads for the plugin: the inputs whose sinks and roles serve a target, a script, a release or a build.

use capstep_grants::Authority;
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
pub(crate) fn role<'a>(shared: &'a Shared, kind: RoleKind, served: &str) -> Option<&'a str> {
    shared
        .authority
        .bound
        .roles
        .iter()
        .find(|role| role.kind == kind && role.serves.iter().any(|pointer| pointer == served))
        .map(|role| role.pointer.as_str())
}

/// The value of the input that serves `served` in a role, where it is set.
pub(crate) fn role_value<'a>(
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

/// A number of things in a role, where it is set.
pub(crate) fn role_count(
    shared: &Shared,
    kind: RoleKind,
    served: &str,
) -> Result<Option<usize>, Fault> {
    let Some(value) = role_value(shared, kind, served) else {
        return Ok(None);
    };
    let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
    // Never the default in place of a number that was not meant so.
    let wrong = || {
        Fault::error(
            ErrorKind::Invalid,
            format!("`{value}` is no number of things"),
        )
    };
    count.map(Some).ok_or_else(wrong)
}

/// The texts of a list input in a role.
pub(crate) fn role_texts(shared: &Shared, kind: RoleKind, served: &str) -> Vec<String> {
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
pub(crate) fn items(shared: &Shared, kind: RoleKind, served: &str) -> Vec<String> {
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
pub(crate) fn role_pairs(shared: &Shared, kind: RoleKind, served: &str) -> Vec<(String, String)> {
    match role_value(shared, kind, served) {
        Some(Value::Object(entries)) => entries
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        _ => Vec::new(),
    }
}

/// The host keys that a target may show: pinned fingerprints where there are any, else the known hosts.
pub(crate) fn host_keys(shared: &Shared, target: &str) -> Result<HostKeys, Fault> {
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

/// The largest certificate.
const CERTIFICATE_LIMIT: u64 = 64 * 1024;

/// The certificate of a private key: a file of the workspace, or the text itself.
pub(crate) fn certificate(shared: &Shared, identity: &str) -> Result<Option<String>, Fault> {
    let Some(at) = role(shared, RoleKind::Certificate, identity) else {
        return Ok(None);
    };
    if let Some(text) = role_text(shared, at, CERTIFICATE_LIMIT)? {
        return Ok(Some(text));
    }
    let text = role_value(shared, RoleKind::Certificate, identity).and_then(Value::as_str);
    Ok(text.map(str::to_owned))
}

/// The pointers of the hosts on the way to a target, the first hop first.
pub(crate) fn jumps(shared: &Shared, target: &str) -> Vec<String> {
    let bound = &shared.authority.bound;
    let serving = |pointer: &str| {
        bound.roles.iter().any(|role| {
            role.kind == RoleKind::Jump
                && pointer::is_within(pointer, &role.pointer)
                && role.serves.iter().any(|served| served == target)
        })
    };
    bound
        .grants
        .iter()
        .filter(|grant| grant.role == Some(RoleKind::Jump) && serving(&grant.pointer))
        .map(|grant| grant.pointer.clone())
        .collect()
}

/// How a target is named in front of what it says, where the step has several.
pub(crate) fn label(shared: &Shared, target: &str) -> Option<String> {
    let targets: Vec<(&str, &Authority)> = shared
        .authority
        .bound
        .grants
        .iter()
        .filter(|grant| grant.role.is_none())
        .filter_map(|grant| Some((grant.pointer.as_str(), grant.authority.as_ref()?)))
        .filter(|(_, authority)| matches!(authority, Authority::SshTarget { .. }))
        .collect();
    let (_, own) = targets.iter().find(|(pointer, _)| *pointer == target)?;
    let name = |authority: &Authority| match authority {
        Authority::SshTarget { host, .. } => host.clone(),
        other => other.to_string(),
    };
    let alike = targets
        .iter()
        .filter(|(_, authority)| name(authority) == name(own))
        .count();
    match (targets.len(), alike) {
        (0 | 1, _) => None,
        (_, 1) => Some(name(own)),
        _ => Some(own.to_string()),
    }
}

/// The secret whose sink is this one, with its pointer.
pub(crate) fn secret_for(
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
pub(crate) type Variables = Vec<(String, Zeroizing<String>)>;

/// A script's environment on a target, in the order written, and the pointers of its values. What is written for the
/// target alone comes last and wins.
pub(crate) fn environment(
    shared: &Shared,
    script: &str,
    target: &str,
) -> Result<(Variables, Vec<String>), Fault> {
    let (mut environment, mut pointers) = (Vec::new(), Vec::new());
    if let Some(at) = role(shared, RoleKind::ScriptEnv, script) {
        variables(shared, script, at, &mut environment, &mut pointers)?;
    }
    if let Some(at) = role(shared, RoleKind::HostEnv, script) {
        for host in hosts(shared, at, target) {
            variables(
                shared,
                script,
                &pointer::join(at, &host),
                &mut environment,
                &mut pointers,
            )?;
        }
    }
    Ok((environment, pointers))
}

/// The keys below a pointer that mean this target: its host, or the account and host as the plan shows them.
fn hosts(shared: &Shared, at: &str, target: &str) -> Vec<String> {
    let bound = &shared.authority.bound;
    let grant = bound.grants.iter().find(|grant| grant.pointer == target);
    let Some(authority @ Authority::SshTarget { host, .. }) =
        grant.and_then(|grant| grant.authority.as_ref())
    else {
        return Vec::new();
    };
    let Some(Value::Object(by_host)) = bound.values.pointer(at) else {
        return Vec::new();
    };
    let account = authority.to_string();
    by_host
        .keys()
        .filter(|key| key.eq_ignore_ascii_case(host) || **key == account)
        .cloned()
        .collect()
}

/// Adds the variables below a pointer; one of the same name is replaced.
fn variables(
    shared: &Shared,
    script: &str,
    at: &str,
    environment: &mut Variables,
    pointers: &mut Vec<String>,
) -> Result<(), Fault> {
    let Some(Value::Object(values)) = shared.authority.bound.values.pointer(at) else {
        return Ok(());
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
        environment.retain(|(other, _)| other != name);
        environment.push((name.clone(), Zeroizing::new(value.expose().to_owned())));
        pointers.push(input);
    }
    Ok(())
}
