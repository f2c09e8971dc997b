//! The order in which an engine is looked for.

use std::path::{Path, PathBuf};

use crate::endpoint::address::{DEFAULT_SOCKET, DEFAULT_TLS};
use crate::endpoint::context;
use crate::endpoint::{Address, Endpoint, Source, Surroundings, TlsMaterial};
use crate::engine::ApiVersion;
use crate::error::{DockerError, DockerErrorKind, Stage};

impl Endpoint {
    /// The engine that the docker command line would use: `DOCKER_HOST`, then `DOCKER_CONTEXT`, then the
    /// configuration's current context, then the system's socket, or the port for TLS where that is asked for. Where the
    /// system's socket is not there, a rootless engine's is tried.
    ///
    /// Nothing is connected.
    ///
    /// # Errors
    /// A context is missing or damaged, or an address is of a kind that is not supported; certificates are asked for and
    /// not there.
    pub fn find(around: &Surroundings) -> Result<Self, DockerError> {
        let config = around
            .docker_config
            .clone()
            .filter(|path| !path.as_os_str().is_empty())
            .or_else(|| around.home.as_ref().map(|home| home.join(".docker")));
        let mut found = around.engine(config.as_deref())?;
        found.api = around.api()?;
        found.default_platform = given(&around.docker_default_platform).map(str::to_owned);
        Ok(found)
    }
}

impl Surroundings {
    fn engine(&self, config: Option<&Path>) -> Result<Endpoint, DockerError> {
        if let Some(host) = given(&self.docker_host) {
            let tls = self.tls(config)?;
            let address = match host.trim() {
                // To the command line, blanks are a host that names nothing.
                "" => default_address(&tls),
                host => Address::parse(host)?,
            };
            return Ok(Endpoint::new(address, tls, Source::DockerHost));
        }
        let named = match given(&self.docker_context) {
            Some(name) => Some((name.to_owned(), Source::DockerContext(name.to_owned()))),
            None => match config {
                Some(config) => context::current(config)?
                    .map(|name| (name.clone(), Source::CurrentContext(name))),
                None => None,
            },
        };
        if let (Some((name, source)), Some(config)) = (named, config)
            && name != context::DEFAULT
        {
            let (address, tls) = context::load(config, &name)?;
            return Ok(Endpoint::new(address, tls, source));
        }
        match self.tls(config)? {
            Some(tls) => {
                let tls = Some(tls);
                Ok(Endpoint::new(default_address(&tls), tls, Source::Tls))
            }
            None => Ok(self.fallback()),
        }
    }

    /// The system's socket, or the rootless engine's where only that is there.
    fn fallback(&self) -> Endpoint {
        let system = PathBuf::from(DEFAULT_SOCKET);
        let rootless = self
            .runtime_dir
            .as_ref()
            .map(|folder| folder.join("docker.sock"));
        match rootless {
            Some(path) if self.uid != 0 && !system.exists() && path.exists() => {
                Endpoint::new(Address::Unix(path), None, Source::Rootless)
            }
            _ => Endpoint::unix(system),
        }
    }

    /// The files that `DOCKER_TLS_VERIFY` turns on. They are for an engine that no context names.
    fn tls(&self, config: Option<&Path>) -> Result<Option<TlsMaterial>, DockerError> {
        if given(&self.docker_tls_verify).is_none() {
            return match given(&self.docker_tls) {
                None => Ok(None),
                Some(_) => Err(DockerError::new(
                    Stage::Find,
                    DockerErrorKind::Unsupported,
                    "DOCKER_TLS asks for a connection whose certificate nobody checks, which is not supported: set DOCKER_TLS_VERIFY=1 in its place",
                )),
            };
        }
        let folder = self
            .docker_cert_path
            .as_deref()
            .filter(|path| !path.as_os_str().is_empty())
            .or(config);
        let tls = match folder {
            Some(folder) => TlsMaterial::read(folder)?,
            None => TlsMaterial::default(),
        };
        if tls.ca.is_none() {
            let place =
                folder.map_or_else(String::new, |folder| format!(" in {}", folder.display()));
            return Err(DockerError::new(
                Stage::Find,
                DockerErrorKind::NotFound,
                format!(
                    "DOCKER_TLS_VERIFY is set, and there is no ca.pem{place}: set DOCKER_CERT_PATH to the folder of the engine's certificates"
                ),
            ));
        }
        Ok(Some(tls))
    }

    /// The version of the interface that `DOCKER_API_VERSION` insists on.
    fn api(&self) -> Result<Option<ApiVersion>, DockerError> {
        let Some(text) = given(&self.docker_api_version) else {
            return Ok(None);
        };
        let number = text.trim().trim_start_matches('v');
        ApiVersion::parse(number).map(Some).ok_or_else(|| {
            DockerError::invalid(
                Stage::Find,
                format!("DOCKER_API_VERSION is `{text}`, which is no version such as `1.41`: unset it, and the newest that both sides know is spoken"),
            )
        })
    }
}

/// Where an engine is that nothing names.
fn default_address(tls: &Option<TlsMaterial>) -> Address {
    match tls {
        None => Address::Unix(DEFAULT_SOCKET.into()),
        Some(_) => Address::Tcp {
            host: DEFAULT_TLS.0.to_owned(),
            port: DEFAULT_TLS.1,
        },
    }
}

/// A value that is there and not empty.
fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !text.is_empty())
}
