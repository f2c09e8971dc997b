//! A connection to one engine, and what it is.

use std::sync::Arc;

use serde::Deserialize;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::build::request::Builder;
use crate::endpoint::{Address, Endpoint, TlsMaterial};
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::transport::client::Client;
use crate::transport::connector::{Connector, TcpDialer};
use crate::transport::request::Request;

/// The newest version of the engine's interface that this crate was written against.
const NEWEST_API: ApiVersion = ApiVersion(1, 47);

/// The oldest that has all it needs: sessions for BuildKit, and `platform` for the classic builder. (Docker 19.03.)
const OLDEST_API: ApiVersion = ApiVersion(1, 40);

/// A version of the engine's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(pub u16, pub u16);

impl ApiVersion {
    fn parse(text: &str) -> Option<Self> {
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
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("address", &self.client.connector.to_string())
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VersionAnswer {
    version: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    arch: String,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Component {
    name: String,
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
            prefix: String::new(),
        };
        let ping = Self::ping_by(&client).await?;
        client.prefix = format!("/v{}", ping.api);
        let info = ask(&client, &ping).await?;
        Ok(Self {
            client,
            info: Arc::new(info),
        })
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
        Self::ping_by(&self.client).await.map(|_| ())
    }

    async fn ping_by(client: &Client) -> Result<Ping, DockerError> {
        let stage = Stage::Connect;
        let asked = async {
            let reply = client.send(stage, Request::get("/_ping")).await?;
            let theirs = reply.header("api-version").and_then(ApiVersion::parse);
            let builder = reply.header("builder-version").map(str::to_owned);
            reply.bytes(stage).await?;
            Ok((theirs, builder))
        };
        let limit = crate::transport::client::ANSWER_LIMIT;
        let (theirs, builder_header) = match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer?,
            Err(_) => {
                return Err(DockerError::new(
                    stage,
                    DockerErrorKind::Timeout,
                    format!("the engine at {} does not answer", client.connector),
                ));
            }
        };
        let theirs = theirs.ok_or_else(|| {
            DockerError::new(
                stage,
                DockerErrorKind::Peer,
                format!(
                    "what answers at {} is no container engine: it names no version of its interface",
                    client.connector
                ),
            )
        })?;
        if theirs < OLDEST_API {
            return Err(DockerError::new(
                stage,
                DockerErrorKind::Unsupported,
                format!(
                    "the engine at {} speaks version {theirs} of the interface; {OLDEST_API} (Docker 19.03) is the oldest that can be used",
                    client.connector
                ),
            ));
        }
        Ok(Ping {
            api: theirs.min(NEWEST_API),
            builder_header,
        })
    }
}

/// What the answer to a ping tells.
struct Ping {
    api: ApiVersion,
    builder_header: Option<String>,
}

async fn ask(client: &Client, ping: &Ping) -> Result<EngineInfo, DockerError> {
    let answer: VersionAnswer = client
        .ask_json(Stage::Connect, Request::get("/version"))
        .await?;
    let podman = answer
        .components
        .iter()
        .any(|component| component.name.contains("Podman"));
    let has_buildkit = !podman && answer.os == "linux";
    let (builder, builder_reason) = if podman {
        (Builder::Classic, "Podman has no BuildKit")
    } else if answer.os != "linux" {
        (Builder::Classic, "BuildKit builds on Linux alone")
    } else if ping.builder_header.as_deref() == Some("1") {
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
        version: answer.version,
        api: ping.api,
        os: answer.os,
        arch: answer.arch,
        has_buildkit,
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
