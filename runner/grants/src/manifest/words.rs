//! The vocabulary: access words, sinks, roles, and how much a URL grants.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::siblings::SiblingRef;

/// What may be done with a designated thing. Each authority type has its own words; see `types::vocabulary`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// The plugin reads the bytes.
    Read,
    /// The plugin writes the bytes.
    Write,
    /// The host moves the bytes; the plugin sees names and digests.
    Upload,
    /// The host fetches the bytes to the machine.
    Download,
    /// The folder is seen directly, as a preopen.
    Mount,
    /// HTTP requests.
    Request,
    /// A connection is opened and nothing is sent.
    Connect,
    /// The pipeline's own script is run there.
    Script,
    /// Files are moved below designated remote paths.
    Files,
    /// The plugin's own commands are run there.
    Exec,
    /// Releases are made, switched and pruned there.
    Release,
    /// An image is fetched from its registry.
    Pull,
    /// Of a folder: the host sends it to the engine, which builds it. Of an image: its name is given to what is built.
    Build,
    /// An image is sent to its registry.
    Push,
    /// Logging in to a registry.
    Login,
    /// What the folder beside it has not is removed there.
    Delete,
}

impl Access {
    /// Every word, for enumeration.
    pub const ALL: [Self; 16] = [
        Self::Read,
        Self::Write,
        Self::Upload,
        Self::Download,
        Self::Mount,
        Self::Request,
        Self::Connect,
        Self::Script,
        Self::Files,
        Self::Exec,
        Self::Release,
        Self::Pull,
        Self::Build,
        Self::Push,
        Self::Login,
        Self::Delete,
    ];

    /// The word as manifests and plans write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Mount => "mount",
            Self::Request => "request",
            Self::Connect => "connect",
            Self::Script => "script",
            Self::Files => "files",
            Self::Exec => "exec",
            Self::Release => "release",
            Self::Pull => "pull",
            Self::Build => "build",
            Self::Push => "push",
            Self::Login => "login",
            Self::Delete => "delete",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.word() == word)
    }
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// How much of a site a `url` input grants; from narrow to wide, so that they compare.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum UrlMatch {
    /// This URL alone.
    #[default]
    Exact,
    /// This URL and what lies below its path.
    Prefix,
    /// Everything on its scheme, host and port.
    Origin,
}

impl UrlMatch {
    /// The word as manifests write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Origin => "origin",
        }
    }
}

/// The one place where the host puts a secret's value in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// The private key of an SSH login.
    SshAuth(SiblingRef),
    /// The passphrase of a private key.
    Passphrase(SiblingRef),
    /// An environment variable of the pipeline's script on a remote host.
    RemoteEnv(SiblingRef),
    /// A header of a request to that URL.
    HttpHeader(SiblingRef),
    /// The body of a request to that URL.
    HttpBody(SiblingRef),
    /// A value in a file that the host writes, in that format (an input's name, or a fixed word).
    File(SiblingRef, String),
    /// The password of a login to that registry.
    RegistryAuth(SiblingRef),
    /// A secret of the build of that context, which the build sees under the input's own name.
    BuildSecret(SiblingRef),
}

/// A sink's kind, without what it points at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SinkKind {
    /// See [`Sink::SshAuth`].
    SshAuth,
    /// See [`Sink::Passphrase`].
    Passphrase,
    /// See [`Sink::RemoteEnv`].
    RemoteEnv,
    /// See [`Sink::HttpHeader`].
    HttpHeader,
    /// See [`Sink::HttpBody`].
    HttpBody,
    /// See [`Sink::File`].
    File,
    /// See [`Sink::RegistryAuth`].
    RegistryAuth,
    /// See [`Sink::BuildSecret`].
    BuildSecret,
}

impl SinkKind {
    /// The word as manifests write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::SshAuth => "ssh-auth",
            Self::Passphrase => "passphrase",
            Self::RemoteEnv => "remote-env",
            Self::HttpHeader => "http-header",
            Self::HttpBody => "http-body",
            Self::File => "file",
            Self::RegistryAuth => "registry-auth",
            Self::BuildSecret => "build-secret",
        }
    }
}

impl Sink {
    /// The kind alone.
    pub fn kind(&self) -> SinkKind {
        match self {
            Self::SshAuth(_) => SinkKind::SshAuth,
            Self::Passphrase(_) => SinkKind::Passphrase,
            Self::RemoteEnv(_) => SinkKind::RemoteEnv,
            Self::HttpHeader(_) => SinkKind::HttpHeader,
            Self::HttpBody(_) => SinkKind::HttpBody,
            Self::File(..) => SinkKind::File,
            Self::RegistryAuth(_) => SinkKind::RegistryAuth,
            Self::BuildSecret(_) => SinkKind::BuildSecret,
        }
    }

    /// The input it points at.
    pub fn sibling(&self) -> &SiblingRef {
        match self {
            Self::SshAuth(to)
            | Self::Passphrase(to)
            | Self::RemoteEnv(to)
            | Self::HttpHeader(to)
            | Self::HttpBody(to)
            | Self::File(to, _)
            | Self::RegistryAuth(to)
            | Self::BuildSecret(to) => to,
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (word, arguments) = call(text)?;
        let one = || match arguments.as_slice() {
            [to] => SiblingRef::parse(to),
            _ => Err(format!("`{word}` takes one input: `{word}(input)`")),
        };
        match word {
            "ssh-auth" => Ok(Self::SshAuth(one()?)),
            "passphrase" => Ok(Self::Passphrase(one()?)),
            "remote-env" => Ok(Self::RemoteEnv(one()?)),
            "http-header" => Ok(Self::HttpHeader(one()?)),
            "http-body" => Ok(Self::HttpBody(one()?)),
            "file" => match arguments.as_slice() {
                [to, format] => Ok(Self::File(SiblingRef::parse(to)?, (*format).to_owned())),
                _ => Err(
                    "`file` takes the file's input and a format: `file(file, compose)`".to_owned(),
                ),
            },
            "registry-auth" => Ok(Self::RegistryAuth(one()?)),
            "build-secret" => Ok(Self::BuildSecret(one()?)),
            "container-env" => Err(format!("sink `{word}` is not supported yet")),
            _ => Err(format!(
                "`{word}` is no sink; the sinks are ssh-auth, passphrase, remote-env, http-header, http-body, file, registry-auth and build-secret"
            )),
        }
    }
}

/// The shells that may run a script: bash where there is one else sh, bash, or sh.
pub(crate) const SHELLS: &[&str] = &["auto", "bash", "sh"];

/// What the host reads an input for, in the plugin's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A `known_hosts` file for that target.
    KnownHosts(SiblingRef),
    /// A pinned host-key fingerprint for that target.
    HostKey(SiblingRef),
    /// The environment of that script.
    ScriptEnv(SiblingRef),
    /// The working directory of that script.
    WorkingDirectory(SiblingRef),
    /// Certificates to trust for that URL.
    Ca(SiblingRef),
    /// Which shell runs that script.
    Shell(SiblingRef),
    /// Whether that script ends at its first failing command.
    Errexit(SiblingRef),
    /// Paths that all releases share.
    Shared(SiblingRef),
    /// How many releases are kept.
    Keep(SiblingRef),
    /// Build arguments of that context.
    BuildArg(SiblingRef),
    /// The Dockerfile, within that context.
    Dockerfile(SiblingRef),
    /// The stage at which the build of that context ends.
    BuildTarget(SiblingRef),
    /// Images whose layers the build of that context may take.
    CacheFrom(SiblingRef),
    /// Where the layers of that build are kept: `none`, or `inline` in the image.
    CacheTo(SiblingRef),
    /// The network of that build: `default`, `none` or `host`.
    BuildNetwork(SiblingRef),
    /// Labels of the image that is built.
    Label(SiblingRef),
    /// The platforms that context is built for.
    Platform(SiblingRef),
    /// Whether that build takes nothing from a cache.
    NoCache(SiblingRef),
    /// Whether that build asks for newer base images.
    PullBase(SiblingRef),
    /// The account of a login to that registry.
    RegistryUsername(SiblingRef),
    /// The certificate of that private key.
    Certificate(SiblingRef),
    /// A host on the way to that target.
    Jump(SiblingRef),
    /// Variables of that script, by host.
    HostEnv(SiblingRef),
    /// What of that path is left out.
    Exclude(SiblingRef),
    /// What of that path is not left out after all.
    Include(SiblingRef),
    /// How many entries may be removed from that remote path at once.
    MaxDelete(SiblingRef),
}

impl Role {
    /// The word as manifests write it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::KnownHosts(_) => "known-hosts",
            Self::HostKey(_) => "host-key",
            Self::ScriptEnv(_) => "script-env",
            Self::WorkingDirectory(_) => "working-directory",
            Self::Ca(_) => "ca",
            Self::Shell(_) => "shell",
            Self::Errexit(_) => "errexit",
            Self::Shared(_) => "shared",
            Self::Keep(_) => "keep",
            Self::BuildArg(_) => "build-arg",
            Self::Dockerfile(_) => "dockerfile",
            Self::BuildTarget(_) => "build-target",
            Self::CacheFrom(_) => "cache-from",
            Self::CacheTo(_) => "cache-to",
            Self::BuildNetwork(_) => "build-network",
            Self::Label(_) => "label",
            Self::Platform(_) => "platform",
            Self::NoCache(_) => "no-cache",
            Self::PullBase(_) => "pull",
            Self::RegistryUsername(_) => "registry-username",
            Self::Certificate(_) => "certificate",
            Self::Jump(_) => "jump",
            Self::HostEnv(_) => "host-env",
            Self::Exclude(_) => "exclude",
            Self::Include(_) => "include",
            Self::MaxDelete(_) => "max-delete",
        }
    }

    /// Whether the values are the pipeline's own text, never one that something else decides: they say whom to trust.
    pub fn is_own_text(&self) -> bool {
        match self {
            Self::HostKey(_) => true,
            Self::KnownHosts(_)
            | Self::ScriptEnv(_)
            | Self::WorkingDirectory(_)
            | Self::Ca(_)
            | Self::Shell(_)
            | Self::Errexit(_)
            | Self::Shared(_)
            | Self::Keep(_)
            | Self::BuildArg(_)
            | Self::Dockerfile(_)
            | Self::BuildTarget(_)
            | Self::CacheFrom(_)
            | Self::CacheTo(_)
            | Self::BuildNetwork(_)
            | Self::Label(_)
            | Self::Platform(_)
            | Self::NoCache(_)
            | Self::PullBase(_)
            | Self::RegistryUsername(_)
            | Self::Certificate(_)
            | Self::Jump(_)
            | Self::HostEnv(_)
            | Self::Exclude(_)
            | Self::Include(_)
            | Self::MaxDelete(_) => false,
        }
    }

    /// The input it serves.
    pub fn sibling(&self) -> &SiblingRef {
        match self {
            Self::KnownHosts(to)
            | Self::HostKey(to)
            | Self::ScriptEnv(to)
            | Self::WorkingDirectory(to)
            | Self::Ca(to)
            | Self::Shell(to)
            | Self::Errexit(to)
            | Self::Shared(to)
            | Self::Keep(to)
            | Self::BuildArg(to)
            | Self::Dockerfile(to)
            | Self::BuildTarget(to)
            | Self::CacheFrom(to)
            | Self::CacheTo(to)
            | Self::BuildNetwork(to)
            | Self::Label(to)
            | Self::Platform(to)
            | Self::NoCache(to)
            | Self::PullBase(to)
            | Self::RegistryUsername(to)
            | Self::Certificate(to)
            | Self::Jump(to)
            | Self::HostEnv(to)
            | Self::Exclude(to)
            | Self::Include(to)
            | Self::MaxDelete(to) => to,
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (word, arguments) = call(text)?;
        let [to] = arguments.as_slice() else {
            return Err(format!("`{word}` takes one input: `{word}(input)`"));
        };
        let to = SiblingRef::parse(to)?;
        match word {
            "known-hosts" => Ok(Self::KnownHosts(to)),
            "host-key" => Ok(Self::HostKey(to)),
            "script-env" => Ok(Self::ScriptEnv(to)),
            "working-directory" => Ok(Self::WorkingDirectory(to)),
            "ca" => Ok(Self::Ca(to)),
            "shell" => Ok(Self::Shell(to)),
            "errexit" => Ok(Self::Errexit(to)),
            "shared" => Ok(Self::Shared(to)),
            "keep" => Ok(Self::Keep(to)),
            "build-arg" => Ok(Self::BuildArg(to)),
            "dockerfile" => Ok(Self::Dockerfile(to)),
            "build-target" => Ok(Self::BuildTarget(to)),
            "cache-from" => Ok(Self::CacheFrom(to)),
            "cache-to" => Ok(Self::CacheTo(to)),
            "build-network" => Ok(Self::BuildNetwork(to)),
            "label" => Ok(Self::Label(to)),
            "platform" => Ok(Self::Platform(to)),
            "no-cache" => Ok(Self::NoCache(to)),
            "pull" => Ok(Self::PullBase(to)),
            "registry-username" => Ok(Self::RegistryUsername(to)),
            "certificate" => Ok(Self::Certificate(to)),
            "jump" => Ok(Self::Jump(to)),
            "host-env" => Ok(Self::HostEnv(to)),
            "exclude" => Ok(Self::Exclude(to)),
            "include" => Ok(Self::Include(to)),
            "max-delete" => Ok(Self::MaxDelete(to)),
            _ => Err(format!(
                "`{word}` is no role; the roles are known-hosts, host-key, certificate, jump, script-env, host-env, working-directory, shell, errexit, exclude, include, max-delete, shared, keep, ca, build-arg, dockerfile, build-target, cache-from, cache-to, build-network, label, platform, no-cache, pull and registry-username"
            )),
        }
    }
}

impl std::fmt::Display for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = self.kind().word();
        match self {
            Self::File(to, format) => write!(f, "{word}({to}, {format})"),
            other => write!(f, "{word}({})", other.sibling()),
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.word(), self.sibling())
    }
}

/// Splits `word(a, b)` into its word and arguments.
pub(super) fn call(text: &str) -> Result<(&str, Vec<&str>), String> {
    let shape = || format!("`{text}` is not of the form `word(input)`");
    let (word, rest) = text.split_once('(').ok_or_else(shape)?;
    let inner = rest.strip_suffix(')').ok_or_else(shape)?;
    Ok((word.trim(), inner.split(',').map(str::trim).collect()))
}
