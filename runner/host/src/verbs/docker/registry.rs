//! Logins, from the inputs whose sink and role serve a registry.

use capstep_docker::RegistryCredentials;
use capstep_grants::Authority;
use capstep_grants::bind::RoleKind;
use capstep_grants::manifest::SinkKind;
use serde_json::Value;

use crate::fault::Fault;
use crate::step::Shared;
use crate::verbs::roles;

/// A login, and the pointers it was made of.
pub(super) struct Login {
    pub(super) credentials: RegistryCredentials,
    /// The registry's input.
    pub(super) registry: String,
    /// The password's input.
    pub(super) password: String,
}

/// The login that was handed over for the `registry` input at this pointer, if one was.
pub(super) fn login(shared: &Shared, host: &str, registry: &str) -> Result<Option<Login>, Fault> {
    let Some((password, secret)) = roles::secret_for(shared, SinkKind::RegistryAuth, registry)?
    else {
        return Ok(None);
    };
    let username = roles::role_value(shared, RoleKind::RegistryUsername, registry)
        .and_then(Value::as_str)
        .unwrap_or_default();
    Ok(Some(Login {
        credentials: RegistryCredentials {
            registry: host.to_owned(),
            username: username.to_owned(),
            password: secret.expose().into(),
        },
        registry: registry.to_owned(),
        password,
    }))
}

/// Every `registry` input of the step: its pointer and its host.
fn registries(shared: &Shared) -> Vec<(String, String)> {
    let grants = shared.authority.bound.grants.iter();
    grants
        .filter_map(|grant| match &grant.authority {
            Some(Authority::Registry { host }) => Some((grant.pointer.clone(), host.clone())),
            _ => None,
        })
        .collect()
}

/// Every login of the step: what a Dockerfile's own images and caches may need.
pub(super) fn logins(shared: &Shared) -> Result<Vec<Login>, Fault> {
    let mut logins = Vec::new();
    for (pointer, host) in registries(shared) {
        logins.extend(login(shared, &host, &pointer)?);
    }
    Ok(logins)
}

/// The pointer of the `registry` input for images of this host.
pub(super) fn registry_of(shared: &Shared, host: &str) -> Option<String> {
    registries(shared)
        .into_iter()
        .find(|(_, known)| known == host)
        .map(|(pointer, _)| pointer)
}
