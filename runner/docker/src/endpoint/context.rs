//! The docker command line's contexts: a folder for each, named by the digest of the context's name.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::endpoint::{Address, TlsMaterial};
use crate::error::{DockerError, DockerErrorKind, Stage};

/// The context that stands for `DOCKER_HOST` or the system's socket; it is never stored.
pub(crate) const DEFAULT: &str = "default";

/// The part of `config.json` that names the context. (The rest may hold credentials, and is not read.)
#[derive(Deserialize)]
struct Config {
    #[serde(rename = "currentContext", default)]
    current_context: String,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Endpoints", default)]
    endpoints: MetaEndpoints,
}

#[derive(Deserialize, Default)]
struct MetaEndpoints {
    docker: Option<MetaEndpoint>,
}

#[derive(Deserialize)]
struct MetaEndpoint {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// The current context's name in `config.json` of this folder; none where there is no such file or no such entry.
pub(crate) fn current(config: &Path) -> Result<Option<String>, DockerError> {
    let path = config.join("config.json");
    let Some(bytes) = read(&path)? else {
        return Ok(None);
    };
    // The command line takes an empty file for an empty configuration.
    if bytes.is_empty() {
        return Ok(None);
    }
    let config: Config = serde_json::from_slice(&bytes).map_err(|error| {
        DockerError::invalid(
            Stage::Find,
            format!("{} is no docker configuration: {error}", path.display()),
        )
    })?;
    Ok(Some(config.current_context).filter(|name| !name.is_empty()))
}

/// The engine of a stored context.
pub(crate) fn load(
    config: &Path,
    name: &str,
) -> Result<(Address, Option<TlsMaterial>), DockerError> {
    let folder = Sha256::digest(name.as_bytes())
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    let path = config.join("contexts/meta").join(&folder).join("meta.json");
    let Some(bytes) = read(&path)? else {
        return Err(DockerError::new(
            Stage::Find,
            DockerErrorKind::NotFound,
            format!(
                "there is no docker context `{name}` in {}: `docker context ls` lists those there are",
                config.display()
            ),
        ));
    };
    let meta: Meta = serde_json::from_slice(&bytes).map_err(|error| {
        DockerError::invalid(
            Stage::Find,
            format!("{} is no docker context: {error}", path.display()),
        )
    })?;
    let endpoint = meta.endpoints.docker.ok_or_else(|| {
        DockerError::invalid(
            Stage::Find,
            format!("the docker context `{name}` names no docker engine"),
        )
    })?;
    let address = Address::parse(&endpoint.host)?;
    let tls = TlsMaterial::read(&config.join("contexts/tls").join(&folder).join("docker"))?;
    let any = tls.ca.is_some() || tls.certificate.is_some() || tls.key.is_some();
    if any && endpoint.skip_tls_verify {
        return Err(DockerError::new(
            Stage::Find,
            DockerErrorKind::Unsupported,
            format!(
                "the docker context `{name}` skips the check of the engine's certificate, which is not supported: give it the engine's ca (docker context update --docker host=...,ca=FILE)"
            ),
        ));
    }
    Ok((address, any.then_some(tls)))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, DockerError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(DockerError::invalid(
            Stage::Find,
            format!("{} cannot be read: {error}", path.display()),
        )),
    }
}
