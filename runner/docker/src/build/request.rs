//! What is built, and what it came to.

use std::fmt;

use secrecy::{ExposeSecret, SecretSlice};

use crate::context::{ContextSent, ContextSource};
use crate::credentials::RegistryCredentials;

/// Which of an engine's two builders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Builder {
    /// BuildKit: parallel stages, build secrets, a context that is sent as far as it is needed.
    BuildKit,
    /// The builder of old, which every engine has.
    Classic,
}

impl Builder {
    /// The words that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BuildKit => "BuildKit",
            Self::Classic => "the classic builder",
        }
    }
}

impl fmt::Display for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The network that `RUN` instructions have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Network {
    /// The engine's usual one.
    #[default]
    Default,
    /// None.
    None,
    /// That of the engine's machine.
    Host,
}

impl Network {
    /// The engine's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::None => "none",
            Self::Host => "host",
        }
    }
}

/// A value that `RUN --mount=type=secret,id=...` may read while it runs. It is served from memory and overwritten when
/// the last clone is dropped; no layer, history or cache of the engine holds it unless the Dockerfile copies it.
#[derive(Clone)]
pub struct BuildSecret {
    /// The id in the Dockerfile.
    pub id: String,
    /// The bytes.
    pub value: SecretSlice<u8>,
}

impl BuildSecret {
    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.value.expose_secret().len()
    }
}

impl fmt::Debug for BuildSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildSecret")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A build.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The context's folder.
    pub source: ContextSource,
    /// The Dockerfile's path below it.
    pub dockerfile: String,
    /// What the Dockerfile is called in messages: a path that their reader knows.
    pub shown: String,
    /// The stage that is built; the last one where it is absent.
    pub target: Option<String>,
    /// Values for `ARG`. They are visible in the image's history.
    pub build_args: Vec<(String, String)>,
    /// Values for secret mounts; BuildKit alone has them.
    pub secrets: Vec<BuildSecret>,
    /// Labels of the image. (One that differs at each run makes each run's image another one.)
    pub labels: Vec<(String, String)>,
    /// Names of the image.
    pub tags: Vec<String>,
    /// Images whose layers may be used again, from their registries or, for the classic builder, from the engine.
    pub cache_from: Vec<String>,
    /// Puts into the image what later builds need to use it as a cache; BuildKit alone does that.
    pub inline_cache: bool,
    /// Runs every instruction anew.
    pub no_cache: bool,
    /// Asks registries for newer base images even where the engine has some.
    pub pull: bool,
    /// The network of `RUN`.
    pub network: Network,
    /// At most one, such as `linux/arm64`; the engine's own where there is none.
    pub platforms: Vec<String>,
    /// For the registries of base images and caches.
    pub credentials: Vec<RegistryCredentials>,
    /// The builder; the engine's usual one where it is absent.
    pub builder: Option<Builder>,
    /// What the context is known by from one build to the next, such as project and folder: of a context that the
    /// engine's BuildKit has seen under this name, only files that changed are sent.
    pub context_name: String,
}

impl BuildRequest {
    /// A build of `Dockerfile` without any options.
    pub fn new(source: ContextSource, context_name: impl Into<String>) -> Self {
        Self {
            source,
            dockerfile: "Dockerfile".to_owned(),
            shown: "Dockerfile".to_owned(),
            target: None,
            build_args: Vec::new(),
            secrets: Vec::new(),
            labels: Vec::new(),
            tags: Vec::new(),
            cache_from: Vec::new(),
            inline_cache: false,
            no_cache: false,
            pull: false,
            network: Network::Default,
            platforms: Vec::new(),
            credentials: Vec::new(),
            builder: None,
            context_name: context_name.into(),
        }
    }
}

/// What a build came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The image's id, which is the digest of its configuration.
    pub image_id: String,
    /// The builder that was used.
    pub builder: Builder,
    /// Why that one.
    pub builder_reason: &'static str,
    /// What of the context the engine was sent.
    pub context_sent: ContextSent,
}
