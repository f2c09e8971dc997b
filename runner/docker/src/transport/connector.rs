//! Streams to the engine.

use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::error::{DockerError, DockerErrorKind, Stage};

/// A local socket answers at once and a remote engine within a network's round trips; longer is a host that is gone.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);

/// The opening of a TCP connection.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + 'a>>;

/// Opens TCP connections. Where an address may lead is the caller's to judge; this crate opens none by itself.
pub trait TcpDialer: Send + Sync + 'static {
    /// Connects to `host` (a name or an address) and `port`.
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialing<'a>;
}

/// A dialer for callers that have judged the address already: it connects wherever it is told.
#[derive(Debug, Clone, Copy)]
pub struct Direct;

impl TcpDialer for Direct {
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialing<'a> {
        Box::pin(TcpStream::connect((host, port)))
    }
}

/// What bytes go over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How to open a stream to one engine.
#[derive(Clone)]
pub(crate) enum Connector {
    Unix(PathBuf),
    Tcp {
        host: String,
        port: u16,
        tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
        dialer: Arc<dyn TcpDialer>,
    },
}

impl fmt::Display for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port, .. } if host.contains(':') => {
                write!(f, "tcp://[{host}]:{port}")
            }
            Self::Tcp { host, port, .. } => write!(f, "tcp://{host}:{port}"),
        }
    }
}

impl Connector {
    /// Opens a stream.
    pub(crate) async fn open(&self, stage: Stage) -> Result<Box<dyn Stream>, DockerError> {
        match tokio::time::timeout(CONNECT_LIMIT, self.open_unlimited()).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(self.refusal(stage, &error)),
            Err(_) => Err(DockerError::new(
                stage,
                DockerErrorKind::Timeout,
                format!(
                    "the engine at {self} did not answer within {} s",
                    CONNECT_LIMIT.as_secs()
                ),
            )),
        }
    }

    async fn open_unlimited(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
            Self::Tcp {
                host,
                port,
                tls,
                dialer,
            } => {
                let stream = dialer.dial(host, *port).await?;
                stream.set_nodelay(true)?;
                match tls {
                    None => Ok(Box::new(stream)),
                    Some((config, name)) => Ok(Box::new(
                        TlsConnector::from(Arc::clone(config))
                            .connect(name.clone(), stream)
                            .await?,
                    )),
                }
            }
        }
    }

    /// The refusal in words that say what to do.
    fn refusal(&self, stage: Stage, error: &io::Error) -> DockerError {
        let unix = matches!(self, Self::Unix(_));
        let message = match error.kind() {
            io::ErrorKind::NotFound if unix => format!(
                "there is no engine at {self}: the socket does not exist; start Docker, or name its address in DOCKER_HOST or a context"
            ),
            io::ErrorKind::ConnectionRefused => format!(
                "the engine at {self} is down: the connection was refused; start Docker, or name another address in DOCKER_HOST or a context"
            ),
            io::ErrorKind::PermissionDenied => format!(
                "this account may not use the engine at {self}: permission denied; add it to the socket's group (usually `docker`), or use a rootless engine"
            ),
            _ => format!("the engine at {self} could not be reached: {error}"),
        };
        DockerError::unreachable(stage, message)
    }
}
