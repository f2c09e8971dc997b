//! Builds.
//!
//! - `request`: what is built, and what it came to
//! - `events`: what is told meanwhile
//! - `caches`: images to cache from that can't be had
//! - `dockerfile`: where its instructions stand
//! - `tail`, `failure`: what is shown of an instruction that failed
//! - `parameters`: what both builders are told the same way
//! - `buildkit`: BuildKit, by a session; `trace`: its report
//! - `classic`: the builder that every engine has
//! - `leftovers`: taking away what a build that didn't end well left

mod buildkit;
mod caches;
mod classic;
mod dockerfile;
pub mod events;
pub mod failure;
mod leftovers;
mod parameters;
pub mod request;
mod tail;
mod trace;

use tokio_util::sync::CancellationToken;

use crate::build::dockerfile::Dockerfile;
use crate::build::events::BuildListener;
use crate::build::request::{BuildRequest, Builder, Built};
use crate::engine::Engine;
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::reference::Reference;

/// A longer Dockerfile is none; BuildKit has a limit of this order too.
const DOCKERFILE_LIMIT: u64 = 2 * 1024 * 1024;

/// BuildKit's own limit for a secret.
pub const SECRET_LIMIT: usize = 500 * 1024;

impl Engine {
    /// Builds an image.
    ///
    /// The builder is the one that the request names, else the engine's ([`crate::EngineInfo::builder`]); the result
    /// says which it was. Cancelling `token`, or dropping the future, ends the build in the engine.
    ///
    /// # Errors
    /// [`DockerErrorKind::BuildFailed`] where an instruction fails, [`DockerErrorKind::Refused`] where the gate refuses
    /// a file of the context, [`DockerErrorKind::Unsupported`] where the builder cannot do what the request asks, and
    /// what else can happen between engine, disk and registries.
    pub async fn build(
        &self,
        request: &BuildRequest,
        listener: &BuildListener,
        token: &CancellationToken,
    ) -> Result<Built, DockerError> {
        let info = self.info();
        let (builder, reason) = match request.builder {
            Some(builder) => (builder, "the build asks for it"),
            None => (info.builder, info.builder_reason),
        };
        self.check(request, builder, reason)?;
        let dockerfile = read_dockerfile(request).await?;
        let (image_id, context_sent) = match builder {
            Builder::Classic => {
                self.build_classic(request, &dockerfile, listener, token)
                    .await?
            }
            Builder::BuildKit => {
                self.build_buildkit(request, &dockerfile, listener, token)
                    .await?
            }
        };
        Ok(Built {
            image_id,
            builder,
            builder_reason: reason,
            context_sent,
        })
    }

    /// Whether the request can be fulfilled at all, so that nothing is sent in vain.
    fn check(
        &self,
        request: &BuildRequest,
        builder: Builder,
        reason: &str,
    ) -> Result<(), DockerError> {
        let unsupported = |message: String| {
            Err(DockerError::new(
                Stage::Build,
                DockerErrorKind::Unsupported,
                message,
            ))
        };
        for tag in &request.tags {
            if Reference::parse(Stage::Build, tag)?.digest.is_some() {
                return Err(DockerError::invalid(
                    Stage::Build,
                    format!("`{tag}` cannot be given to an image: a digest is a property of one"),
                ));
            }
        }
        for credentials in &request.credentials {
            credentials.check(Stage::Build)?;
        }
        if request.platforms.len() > 1 {
            return unsupported(format!(
                "an engine builds for one platform at a time, and {} are asked for: build each by a step of its own",
                request.platforms.len()
            ));
        }
        match builder {
            Builder::BuildKit if !self.info().has_buildkit => unsupported(format!(
                "the build asks for BuildKit, and {}",
                self.info().builder_reason
            )),
            Builder::BuildKit => {
                match request
                    .secrets
                    .iter()
                    .find(|secret| secret.len() > SECRET_LIMIT)
                {
                    Some(secret) => Err(DockerError::new(
                        Stage::Build,
                        DockerErrorKind::TooLarge,
                        format!(
                            "the build secret `{}` is larger than {} KB, which is BuildKit's limit",
                            secret.id,
                            SECRET_LIMIT / 1024
                        ),
                    )),
                    None => Ok(()),
                }
            }
            Builder::Classic if !request.secrets.is_empty() => unsupported(format!(
                "build secrets need BuildKit, and the classic builder is used because {reason}: the classic builder could take them as build arguments alone, which stay in the image"
            )),
            Builder::Classic if request.inline_cache => unsupported(format!(
                "a cache inside the image (cache-to) needs BuildKit, and the classic builder is used because {reason}"
            )),
            Builder::Classic => Ok(()),
        }
    }
}

async fn read_dockerfile(request: &BuildRequest) -> Result<Dockerfile, DockerError> {
    let source = request.source.clone();
    let path = request.dockerfile.clone();
    let read = tokio::task::spawn_blocking(move || source.read(&path, DOCKERFILE_LIMIT))
        .await
        .map_err(|error| DockerError::internal(Stage::Context, error.to_string()))?;
    match read {
        Ok(bytes) => Ok(Dockerfile::parse(&String::from_utf8_lossy(&bytes))),
        Err(error) if error.kind == DockerErrorKind::NotFound => Err(DockerError::new(
            Stage::Context,
            DockerErrorKind::NotFound,
            format!(
                "there is no `{}` in the build context; `dockerfile` is a path below the context's folder",
                request.dockerfile
            ),
        )),
        Err(error) => Err(error),
    }
}
