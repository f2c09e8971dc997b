//! Authority: what being handed a value allows. One `enum` drives schema, plan, check, denial and audit, so that a new
//! kind can't be forgotten in one of them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::image_reference::ImageReference;
use crate::manifest::UrlMatch;
use crate::workspace_path::WorkspacePath;

/// One designated thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Authority {
    /// A file, folder or glob in the workspace.
    Path {
        /// Relative to the pipeline's folder, `/` between its parts.
        path: WorkspacePath,
    },
    /// Requests to a URL.
    Url {
        /// The URL in canonical form.
        url: String,
        /// How much of its site is meant.
        #[serde(rename = "match")]
        url_match: UrlMatch,
        /// The methods.
        methods: Vec<String>,
    },
    /// Opening a connection.
    TcpAddress {
        /// A name or a literal address.
        host: String,
        /// The port.
        port: u16,
    },
    /// An account on a host.
    SshTarget {
        /// The account.
        user: String,
        /// A name or a literal address.
        host: String,
        /// The port.
        port: u16,
    },
    /// A path on targets of the same step.
    RemotePath {
        /// Absolute; or relative to a new release where `release` is set.
        path: String,
        /// The pointers of the targets.
        targets: Vec<String>,
        /// The pointer of the release folder that a relative path is below.
        #[serde(skip_serializing_if = "Option::is_none")]
        release: Option<String>,
    },
    /// An image, in a registry and in the engine.
    Image {
        /// The reference in canonical form.
        image: ImageReference,
    },
    /// Logging in to a registry, for images of its own host.
    Registry {
        /// The host in canonical form, with a port where it has one of its own.
        host: String,
    },
    /// Small values of the project and the job's environment, which last between runs.
    State {
        /// What the values are kept under.
        name: String,
    },
    /// The pipeline's own text, executed at its targets.
    Script {
        /// The script's first line that says something.
        #[serde(rename = "first-line")]
        first_line: String,
        /// SHA-256 of the text.
        sha256: String,
        /// The pointers of the targets.
        targets: Vec<String>,
    },
}

impl Authority {
    /// The kind's word, as in the manifest's types.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Path { .. } => "path",
            Self::Url { .. } => "url",
            Self::TcpAddress { .. } => "tcp-address",
            Self::SshTarget { .. } => "ssh-target",
            Self::RemotePath { .. } => "remote-path",
            Self::Image { .. } => "image",
            Self::Registry { .. } => "registry",
            Self::State { .. } => "state",
            Self::Script { .. } => "script",
        }
    }
}

impl std::fmt::Display for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path { path } => write!(f, "{path}"),
            Self::Url {
                url,
                url_match: UrlMatch::Exact,
                ..
            } => f.write_str(url),
            Self::Url { url, url_match, .. } => write!(f, "{url} ({})", url_match.word()),
            Self::TcpAddress { host, port } => write!(f, "{}:{port}", bracketed(host)),
            Self::SshTarget {
                user,
                host,
                port: 22,
            } => write!(f, "{user}@{}", bracketed(host)),
            Self::SshTarget { user, host, port } => write!(f, "{user}@{}:{port}", bracketed(host)),
            Self::RemotePath { path, .. } => f.write_str(path),
            Self::Image { image } => write!(f, "{image}"),
            Self::Registry { host } => f.write_str(host),
            Self::State { name } => f.write_str(name),
            Self::Script { first_line, .. } => f.write_str(first_line),
        }
    }
}

/// An IPv6 address in brackets, anything else as it is.
fn bracketed(host: &str) -> std::borrow::Cow<'_, str> {
    if host.contains(':') {
        format!("[{host}]").into()
    } else {
        host.into()
    }
}
