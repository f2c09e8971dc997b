//! A connection to one engine, and what it is.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::task::TaskTracker;

use crate::build::request::Builder;
use crate::endpoint::{Address, Endpoint, TlsMaterial};
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::transport::client::{Call, Client};
use crate::transport::connector::{Connector, TcpDialer};

/// A version of the engine's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(pub u16, pub u16);

impl ApiVersion {
    /// The newest that this crate was written against.
    pub(crate) const NEWEST: Self = Self(1, 47);

    /// The oldest that has all it needs: sessions for BuildKit, and `platform` for the classic builder. (Docker 19.03.)
    const OLDEST: Self = Self(1, 40);

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// What an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// The engine's own name: `Docker Engine`, `Podman Engine`.
    pub name: String,
    /// Its version, as it says it.
    pub version: String,
    /// The version of the interface that is spoken with it.
    pub api: ApiVersion,
    /// `linux` or `windows`.
    pub os: String,
    /// The architecture, in the words of platforms: `amd64`, `arm64`.
    pub arch: String,
    /// Whether it has BuildKit, and lets it be used by a session.
    pub has_buildkit: bool,
    /// The builder that is used unless a build says otherwise.
    pub builder: Builder,
    /// Why that one.
    pub builder_reason: &'static str,
}

/// An engine. Clones are cheap and mean the same engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) client: Client,
    info: Arc<EngineInfo>,
    /// What takes away, after an operation was given up, what it left in the engine.
    pub(crate) tidying: TaskTracker,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("address", &self.client.connector.to_string())
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Connects: agrees on a version of the interface, and asks what the engine is. `dialer` opens TCP connections;
    /// it isn't used for a socket.
    ///
    /// # Errors
    /// [`DockerErrorKind::Unreachable`] where nobody answers, [`DockerErrorKind::Unsupported`] where the engine is too
    /// old or too new.
    pub async fn connect(
        endpoint: &Endpoint,
        dialer: Arc<dyn TcpDialer>,
    ) -> Result<Self, DockerError> {
        let connector = match &endpoint.address {
            Address::Unix(path) => Connector::Unix(path.clone()),
            Address::Tcp { host, port } => Connector::Tcp {
                host: host.clone(),
                port: *port,
                tls: match &endpoint.tls {
                    Some(tls) => Some((tls.config()?, server_name(host)?)),
                    None => None,
                },
                dialer,
            },
        };
        let mut client = Client {
            connector: Arc::new(connector),
            api: None,
        };
        let info = ask(&client, endpoint.api).await?;
        client.api = Some(info.api);
        Ok(Self {
            client,
            info: Arc::new(info),
            tidying: TaskTracker::new(),
        })
    }

    /// Waits until what was given up has left nothing in the engine, which is limited to some seconds. A program that ends
    /// before has left it.
    pub async fn tidied(&self) {
        self.tidying.close();
        self.tidying.wait().await;
    }

    /// What the engine is, as of the connecting.
    pub fn info(&self) -> &EngineInfo {
        &self.info
    }

    /// The engine's address, for messages.
    pub fn address(&self) -> String {
        self.client.connector.to_string()
    }

    /// Asks the engine for a sign of life.
    ///
    /// # Errors
    /// It gives none.
    pub async fn ping(&self) -> Result<(), DockerError> {
        let call = self.client.call(Stage::Connect)?;
        call.answer(call.docker.ping()).await.map(|_| ())
    }
}

/// What the head of the answer to a ping tells.
struct Ping {
    api: ApiVersion,
    builder: Option<String>,
}

/// Bollard's ping keeps the body of the answer alone: that a configuration turns BuildKit off is in its head, and
/// nowhere else.
async fn ping(client: &Client, call: &Call) -> Result<Ping, DockerError> {
    let asked = call.send(Request::get("/_ping"), Bytes::new());
    let head = call.limited(asked).await?.into_parts().0.headers;
    let text = |name: &str| head.get(name)?.to_str().ok();
    let api = text("api-version")
        .and_then(ApiVersion::parse)
        .ok_or_else(|| {
            DockerError::new(
                Stage::Connect,
                DockerErrorKind::Peer,
                format!(
                    "what answers at {} is no container engine: it names no version of its interface",
                    client.connector
                ),
            )
        })?;
    Ok(Ping {
        api,
        builder: text("builder-version").map(str::to_owned),
    })
}

/// `insisted`: the version of the interface that is spoken, if it is not the newest that both sides know.
async fn ask(client: &Client, insisted: Option<ApiVersion>) -> Result<EngineInfo, DockerError> {
    let call = client.call(Stage::Connect)?;
    let ping = ping(client, &call).await?;
    let unsupported = |what: String| {
        DockerError::new(
            Stage::Connect,
            DockerErrorKind::Unsupported,
            format!("the engine at {} {what}", client.connector),
        )
    };
    let (oldest, newest) = (ApiVersion::OLDEST, ApiVersion::NEWEST);
    if ping.api < oldest {
        return Err(unsupported(format!(
            "speaks version {} of the interface; {oldest} (Docker 19.03) is the oldest that can be used",
            ping.api
        )));
    }
    if let Some(insisted) = insisted
        && (insisted < oldest || insisted > ping.api.min(newest))
    {
        return Err(unsupported(format!(
            "can be spoken to by version {oldest} to {} of the interface, and DOCKER_API_VERSION is {insisted}: unset it",
            ping.api.min(newest)
        )));
    }
    let answer = call.answer(call.docker.version()).await?;
    let least = answer
        .min_api_version
        .as_deref()
        .and_then(ApiVersion::parse);
    if let Some(least) = least.filter(|least| *least > newest) {
        return Err(unsupported(format!(
            "speaks version {least} of the interface or later; {newest} is the newest that can be used"
        )));
    }
    let os = answer.os.unwrap_or_default();
    let podman = answer
        .components
        .iter()
        .flatten()
        .any(|component| component.name.contains("Podman"));
    let (builder, builder_reason) = if podman {
        (Builder::Classic, "Podman has no BuildKit")
    } else if os != "linux" {
        (Builder::Classic, "BuildKit builds on Linux alone")
    } else if ping.builder.as_deref() == Some("1") {
        (
            Builder::Classic,
            "the engine's configuration turns BuildKit off",
        )
    } else {
        (Builder::BuildKit, "the engine has BuildKit")
    };
    Ok(EngineInfo {
        name: if podman {
            "Podman Engine".to_owned()
        } else {
            "Docker Engine".to_owned()
        },
        version: answer.version.unwrap_or_default(),
        api: insisted.unwrap_or(ping.api.min(newest)),
        has_buildkit: !podman && os == "linux",
        os,
        arch: answer.arch.unwrap_or_default(),
        builder,
        builder_reason,
    })
}

fn server_name(host: &str) -> Result<ServerName<'static>, DockerError> {
    ServerName::try_from(host.to_owned()).map_err(|_| {
        DockerError::invalid(
            Stage::Connect,
            format!("`{host}` is no name that a certificate could be for"),
        )
    })
}

impl TlsMaterial {
    /// Whether nothing was given: the system's authorities are trusted and no certificate is shown.
    pub fn is_empty(&self) -> bool {
        self.ca.is_none() && self.certificate.is_none() && self.key.is_none()
    }
}
