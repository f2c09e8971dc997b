//! An engine's address, as the docker command line reads one.

use std::fmt;
use std::path::PathBuf;

use crate::error::{DockerError, DockerErrorKind, Stage};

/// Where an engine listens unless told otherwise.
pub(crate) const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// Where an engine listens that TLS is asked for with.
pub(crate) const DEFAULT_TLS: (&str, u16) = ("localhost", 2376);

/// The port of an engine over TCP without TLS; it is also what the command line assumes with TLS.
const DEFAULT_PORT: u16 = 2375;

/// Where an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket's path.
    Unix(PathBuf),
    /// A host, without brackets, and a port.
    Tcp {
        /// A name or an address.
        host: String,
        /// The port.
        port: u16,
    },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
        }
    }
}

impl Address {
    /// Reads `unix:///path`, `tcp://host:port`, and what the command line takes as short forms of them.
    ///
    /// # Errors
    /// [`DockerErrorKind::Unsupported`] for `ssh://`, `npipe://` and `fd://`; [`DockerErrorKind::Invalid`] for what is
    /// no address.
    pub fn parse(text: &str) -> Result<Self, DockerError> {
        let text = text.trim();
        let unsupported =
            |message: String| DockerError::new(Stage::Find, DockerErrorKind::Unsupported, message);
        if text.is_empty() || text == "unix://" {
            return Ok(Self::Unix(DEFAULT_SOCKET.into()));
        }
        if let Some(path) = text.strip_prefix("unix://") {
            return Ok(Self::Unix(path.into()));
        }
        let rest = match text.split_once("://") {
            None => text,
            Some(("tcp", rest)) => rest,
            Some(("ssh", _)) => {
                return Err(unsupported(format!(
                    "the engine's address `{text}` is reached by ssh, which is not supported: forward its socket (ssh -L /tmp/docker.sock:/var/run/docker.sock HOST) and set DOCKER_HOST=unix:///tmp/docker.sock"
                )));
            }
            Some((scheme @ ("npipe" | "fd"), _)) => {
                return Err(unsupported(format!(
                    "the engine's address `{text}` begins with {scheme}://, which is not supported: use unix:// or tcp://"
                )));
            }
            Some(_) => {
                return Err(invalid(text, "it begins with neither unix:// nor tcp://"));
            }
        };
        Self::parse_tcp(text, rest)
    }

    fn parse_tcp(text: &str, rest: &str) -> Result<Self, DockerError> {
        let rest = match rest.split_once('/') {
            None | Some((_, "")) => rest.trim_end_matches('/'),
            Some(_) => {
                return Err(DockerError::new(
                    Stage::Find,
                    DockerErrorKind::Unsupported,
                    format!(
                        "the engine's address `{text}` has a path after the port, which is not supported"
                    ),
                ));
            }
        };
        let (host, port) = if let Some(rest) = rest.strip_prefix('[') {
            let (host, port) = rest
                .split_once("]:")
                .ok_or_else(|| invalid(text, "a port must follow the bracket"))?;
            (host, Some(port))
        } else {
            match rest.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            }
        };
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => port
                .parse()
                .map_err(|_| invalid(text, "the port is no number between 0 and 65535"))?,
        };
        let host = if host.is_empty() { "localhost" } else { host };
        Ok(Self::Tcp {
            host: host.to_owned(),
            port,
        })
    }
}

fn invalid(text: &str, what: &str) -> DockerError {
    DockerError::invalid(
        Stage::Find,
        format!("the engine's address `{text}` cannot be used: {what}"),
    )
}
