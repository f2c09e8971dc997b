//! What a verb gets when the answer is yes: the designated thing itself, in checked form.

use crate::grant::Place;
use crate::image_reference::ImageReference;
use crate::manifest::UrlMatch;
use crate::workspace_path::WorkspacePath;

/// Leave to act.
#[derive(Debug, Clone, PartialEq)]
pub enum Permit {
    /// At or below a path: the designated path, which links may not leave, and the one asked for.
    Path {
        grant: String,
        root: WorkspacePath,
        path: WorkspacePath,
        place: Place,
    },
    /// A request.
    Url(UrlPermit),
    /// A connection.
    Tcp {
        grant: String,
        host: String,
        port: u16,
        written: bool,
        place: Place,
    },
    /// The values of a state.
    State {
        grant: String,
        name: String,
        place: Place,
    },
    /// A login.
    Ssh(SshPermit),
    /// The pipeline's script, at a target.
    Script {
        grant: String,
        text: String,
        place: Place,
    },
    /// A local and a remote path.
    Transfer {
        local: String,
        root: WorkspacePath,
        remote: RemotePermit,
    },
    /// A remote path.
    Remote(RemotePermit),
    /// A registry's host, to log in there.
    Registry(RegistryPermit),
    /// An image.
    Image(ImagePermit),
    /// A build: the folder that is sent, and the name of what is built.
    Build {
        grant: String,
        root: WorkspacePath,
        image: Option<ImagePermit>,
        place: Place,
    },
    /// An image's second name, and the image.
    Tag {
        source: ImagePermit,
        image: ImagePermit,
    },
    /// A value: plain, or a secret at its sink.
    Value { secret: bool },
}

/// Leave to log in to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryPermit {
    /// The grant's pointer.
    pub grant: String,
    /// The host in canonical form, with a port where it has one of its own.
    pub host: String,
    /// Where it was written.
    pub place: Place,
}

/// Leave to do something with an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePermit {
    /// The grant's pointer.
    pub grant: String,
    /// The image in canonical form.
    pub image: ImageReference,
    /// The registry to log in to for it, which is the image's own.
    pub login: Option<RegistryPermit>,
    /// Where it was written.
    pub place: Place,
}

/// Leave to send requests.
#[derive(Debug, Clone, PartialEq)]
pub struct UrlPermit {
    /// The grant's pointer.
    pub grant: String,
    /// The URL to send to, in canonical form.
    pub url: url::Url,
    /// The granted URL.
    pub granted: url::Url,
    /// How much of its site is granted.
    pub url_match: UrlMatch,
    /// The granted methods.
    pub methods: Vec<String>,
    /// Whether the URL is the pipeline's own text.
    pub written: bool,
    /// Where it was written.
    pub place: Place,
}

/// Leave to log in.
#[derive(Debug, Clone, PartialEq)]
pub struct SshPermit {
    /// The grant's pointer.
    pub grant: String,
    /// The account.
    pub user: String,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the target is the pipeline's own text.
    pub written: bool,
    /// Where it was written.
    pub place: Place,
}

/// Leave to touch a remote path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePermit {
    /// The grant's pointer.
    pub grant: String,
    /// The designated path: absolute, or below the release.
    pub root: String,
    /// The path asked for, at or below it.
    pub path: String,
    /// The pointer of the release that a relative path is below.
    pub release: Option<String>,
    /// Where it was written.
    pub place: Place,
}
