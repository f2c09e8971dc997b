//! Which engine the docker command line would talk to, from values that the caller hands over.
//!
//! - `find`: the order in which `DOCKER_HOST`, `DOCKER_CONTEXT`, the configuration and the defaults count
//! - `address`: addresses as the command line reads them
//! - `context`: the command line's store of contexts
//! - `tls`: certificates and keys for an engine over TCP

pub mod address;
pub(crate) mod context;
mod find;
pub mod tls;

use std::path::PathBuf;

use crate::engine::ApiVersion;

pub use address::Address;
pub use tls::TlsMaterial;

/// What the search depends on, each value as the caller's environment has it. Empty texts count as absent.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `DOCKER_HOST`.
    pub docker_host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub docker_context: Option<String>,
    /// `DOCKER_CONFIG`: the folder of `config.json`; without it, `.docker` in the home folder.
    pub docker_config: Option<PathBuf>,
    /// `DOCKER_TLS`: any text turns on TLS without a check of the certificate, which is refused.
    pub docker_tls: Option<String>,
    /// `DOCKER_TLS_VERIFY`: any text turns TLS on.
    pub docker_tls_verify: Option<String>,
    /// `DOCKER_CERT_PATH`: the folder of `ca.pem`, `cert.pem` and `key.pem`.
    pub docker_cert_path: Option<PathBuf>,
    /// `DOCKER_API_VERSION`: the version of the interface to speak.
    pub docker_api_version: Option<String>,
    /// `DOCKER_DEFAULT_PLATFORM`: what builds are for that don't say it.
    pub docker_default_platform: Option<String>,
    /// The home folder.
    pub home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`, where a rootless engine has its socket.
    pub runtime_dir: Option<PathBuf>,
    /// The user's number; only others than root look for a rootless engine.
    pub uid: u32,
}

/// By what an engine was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `DOCKER_HOST` names it.
    DockerHost,
    /// `DOCKER_CONTEXT` names its context.
    DockerContext(String),
    /// The configuration's current context.
    CurrentContext(String),
    /// Nothing names one: the system's socket.
    Default,
    /// Nothing names one, and `DOCKER_TLS_VERIFY` asks for TLS: this machine's port for that.
    Tls,
    /// Nothing names one and the system's socket is not there, but a rootless engine's is. (The docker command line
    /// itself does not look there: its rootless set-up writes a context.)
    Rootless,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DockerHost => f.write_str("DOCKER_HOST"),
            Self::DockerContext(name) => write!(f, "the context {name} (DOCKER_CONTEXT)"),
            Self::CurrentContext(name) => write!(f, "the context {name}"),
            Self::Default => f.write_str("the default socket"),
            Self::Tls => f.write_str("DOCKER_TLS_VERIFY without DOCKER_HOST"),
            Self::Rootless => f.write_str("the rootless engine's socket"),
        }
    }
}

/// An engine's address and what is needed to talk to it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Where it is.
    pub address: Address,
    /// Certificates and keys, where the connection is TLS.
    pub tls: Option<TlsMaterial>,
    /// By what it was chosen.
    pub source: Source,
    /// The version of the interface to speak, where one is insisted on.
    pub api: Option<ApiVersion>,
    /// `DOCKER_DEFAULT_PLATFORM`. Nothing here follows it: a caller whose builds are not for the environment to steer
    /// says so where it is set.
    pub default_platform: Option<String>,
}

impl Endpoint {
    /// An engine behind a socket of this machine.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::new(Address::Unix(path.into()), None, Source::Default)
    }

    pub(crate) fn new(address: Address, tls: Option<TlsMaterial>, source: Source) -> Self {
        Self {
            address,
            tls,
            source,
            api: None,
            default_platform: None,
        }
    }
}
