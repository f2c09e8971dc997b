//! The order in which an engine is looked for.

use std::path::PathBuf;

use crate::endpoint::address::DEFAULT_SOCKET;
use crate::endpoint::context;
use crate::endpoint::{Address, Endpoint, Source, Surroundings, TlsMaterial};
use crate::error::DockerError;

impl Endpoint {
    /// The engine that the docker command line would use: `DOCKER_HOST`, then `DOCKER_CONTEXT`, then the
    /// configuration's current context, then the system's socket. Where that last one is not there, a rootless
    /// engine's socket is tried.
    ///
    /// Nothing is connected.
    ///
    /// # Errors
    /// A context is missing or damaged, or an address is of a kind that is not supported.
    pub fn find(around: &Surroundings) -> Result<Self, DockerError> {
        let config = around
            .docker_config
            .clone()
            .filter(|path| !path.as_os_str().is_empty())
            .or_else(|| around.home.as_ref().map(|home| home.join(".docker")));
        if let Some(host) = given(&around.docker_host) {
            return Ok(Self {
                address: Address::parse(host)?,
                tls: around.tls(config.as_ref())?,
                source: Source::DockerHost,
            });
        }
        let named = match given(&around.docker_context) {
            Some(name) => Some((name.to_owned(), Source::DockerContext(name.to_owned()))),
            None => match &config {
                Some(config) => context::current(config)?
                    .map(|name| (name.clone(), Source::CurrentContext(name))),
                None => None,
            },
        };
        if let (Some((name, source)), Some(config)) = (named, &config)
            && name != context::DEFAULT
        {
            let (address, tls) = context::load(config, &name)?;
            return Ok(Self {
                address,
                tls,
                source,
            });
        }
        Ok(around.fallback())
    }
}

impl Surroundings {
    /// The system's socket, or the rootless engine's where only that is there.
    fn fallback(&self) -> Endpoint {
        let system = PathBuf::from(DEFAULT_SOCKET);
        let rootless = self
            .runtime_dir
            .as_ref()
            .map(|folder| folder.join("docker.sock"));
        match rootless {
            Some(path) if self.uid != 0 && !system.exists() && path.exists() => Endpoint {
                address: Address::Unix(path),
                tls: None,
                source: Source::Rootless,
            },
            _ => Endpoint::unix(system),
        }
    }

    /// The files that `DOCKER_TLS_VERIFY` turns on.
    fn tls(&self, config: Option<&PathBuf>) -> Result<Option<TlsMaterial>, DockerError> {
        if given(&self.docker_tls_verify).is_none() {
            return Ok(None);
        }
        match self.docker_cert_path.as_ref().or(config) {
            Some(folder) => TlsMaterial::read(folder).map(Some),
            None => Ok(Some(TlsMaterial::default())),
        }
    }
}

/// A value that is there and not empty.
fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !text.is_empty())
}
