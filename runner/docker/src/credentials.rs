//! What a registry is logged in with, and the headers that carry it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::{DockerError, Stage};
use crate::reference::{DOCKER_HUB, DOCKER_HUB_KEY, is_registry};

/// An account of one registry.
///
/// The password is overwritten when the last clone is dropped, and so is every text that this crate makes of it. (The
/// copies in the HTTP library's write buffer are beyond its reach.)
#[derive(Clone)]
pub struct RegistryCredentials {
    /// Host and port, as image names have them; [`DOCKER_HUB`] for Docker Hub.
    pub registry: String,
    /// The account.
    pub username: String,
    /// Its password or token.
    pub password: SecretString,
}

impl fmt::Debug for RegistryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryCredentials")
            .field("registry", &self.registry)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What the engine takes.
#[derive(Serialize)]
struct AuthConfig<'a> {
    username: &'a str,
    password: &'a str,
    serveraddress: &'a str,
}

impl RegistryCredentials {
    /// The name under which the engine knows the registry.
    fn server(&self) -> &str {
        match self.registry.as_str() {
            DOCKER_HUB | "index.docker.io" => DOCKER_HUB_KEY,
            other => other,
        }
    }

    /// Whether these are for images of that registry.
    pub(crate) fn is_for(&self, registry: &str) -> bool {
        self.registry == registry || (registry == DOCKER_HUB && self.server() == DOCKER_HUB_KEY)
    }

    /// Whether BuildKit means this registry; it calls Docker Hub by the host that serves it.
    pub(crate) fn is_for_host(&self, host: &str) -> bool {
        self.registry == host || (host == "registry-1.docker.io" && self.server() == DOCKER_HUB_KEY)
    }

    pub(crate) fn check(&self, stage: Stage) -> Result<(), DockerError> {
        if is_registry(&self.registry) {
            Ok(())
        } else {
            Err(DockerError::invalid(
                stage,
                format!(
                    "`{}` is no registry: write its host, and its port where it has one",
                    self.registry
                ),
            ))
        }
    }

    /// The engine's record of them, as JSON.
    pub(crate) fn json(&self, stage: Stage) -> Result<Zeroizing<Vec<u8>>, DockerError> {
        let record = AuthConfig {
            username: &self.username,
            password: self.password.expose_secret(),
            serveraddress: self.server(),
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(
            // Six bytes are the longest escape of one; no growth means no copy left behind.
            6 * (self.username.len() + record.password.len() + self.registry.len()) + 128,
        ));
        serde_json::to_writer(&mut *bytes, &record)
            .map_err(|error| DockerError::internal(stage, error.to_string()))?;
        Ok(bytes)
    }

    /// `X-Registry-Auth`, for a push or a pull.
    pub(crate) fn header(&self, stage: Stage) -> Result<HeaderValue, DockerError> {
        header(stage, &self.json(stage)?)
    }
}

/// `X-Registry-Auth` without an account: older engines insist on the header.
pub(crate) fn anonymous() -> HeaderValue {
    // `{}`
    HeaderValue::from_static("e30=")
}

/// `X-Registry-Config`, for the images that the classic builder pulls.
pub(crate) fn config_header(
    stage: Stage,
    all: &[RegistryCredentials],
) -> Result<HeaderValue, DockerError> {
    let mut json = Zeroizing::new(Vec::from(*b"{"));
    for (index, credentials) in all.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        let name = serde_json::to_vec(credentials.server())
            .map_err(|error| DockerError::internal(stage, error.to_string()))?;
        let record = credentials.json(stage)?;
        // A buffer that is grown by hand leaves no copy that isn't wiped.
        let mut larger = Zeroizing::new(Vec::with_capacity(
            json.len() + name.len() + record.len() + 3,
        ));
        larger.extend_from_slice(&json);
        larger.extend_from_slice(&name);
        larger.push(b':');
        larger.extend_from_slice(&record);
        json = larger;
    }
    json.push(b'}');
    header(stage, &json)
}

fn header(stage: Stage, json: &[u8]) -> Result<HeaderValue, DockerError> {
    let mut text = Zeroizing::new(String::with_capacity(json.len() * 2));
    URL_SAFE.encode_string(json, &mut text);
    let mut value = HeaderValue::from_str(&text)
        .map_err(|error| DockerError::internal(stage, error.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}
