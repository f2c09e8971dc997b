//! From a registry to the engine.

use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptions;
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::cancel::until;
use crate::credentials::RegistryCredentials;
use crate::engine::Engine;
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::image::Pulled;
use crate::image::progress::{LayerListener, LayerProgress};
use crate::image::push::{auth, registry_failure};
use crate::reference::Reference;

impl Engine {
    /// Pulls an image.
    ///
    /// # Errors
    /// [`DockerErrorKind::NotFound`] where the registry has no such image: for an image to cache from, that is a note
    /// and no failure. [`DockerErrorKind::Unauthorized`] and [`DockerErrorKind::Unreachable`] as for a push. (Docker
    /// Hub answers [`DockerErrorKind::Unauthorized`] for a name that does not exist.)
    pub async fn pull(
        &self,
        reference: &Reference,
        platform: Option<&str>,
        credentials: Option<&RegistryCredentials>,
        listener: &LayerListener,
        token: &CancellationToken,
    ) -> Result<Pulled, DockerError> {
        until(token, Stage::Pull, async {
            self.pull_unlimited(reference, platform, credentials, listener)
                .await
        })
        .await
    }

    pub(crate) async fn pull_unlimited(
        &self,
        reference: &Reference,
        platform: Option<&str>,
        credentials: Option<&RegistryCredentials>,
        listener: &LayerListener,
    ) -> Result<Pulled, DockerError> {
        let stage = Stage::Pull;
        // The engine takes a digest in the place of a tag, and pulls all tags where there is neither.
        let tag = reference
            .digest
            .as_ref()
            .or(reference.tag.as_ref())
            .cloned()
            .unwrap_or_else(|| "latest".to_owned());
        let options = CreateImageOptions {
            from_image: Some(reference.name()),
            tag: Some(tag),
            platform: platform.unwrap_or_default().to_owned(),
            ..CreateImageOptions::default()
        };
        let call = self
            .client
            .call_with(stage, auth(stage, reference, credentials)?)?;
        let mut messages = call.docker.create_image(Some(options), None, None);
        let mut digest = None;
        let mut changed = false;
        while let Some(message) = messages.next().await {
            let message = message.map_err(|error| match error {
                Error::DockerStreamError { error } => registry_failure(stage, reference, &error),
                error => refused(reference, call.translate(error)),
            })?;
            let progress =
                LayerProgress::of(message.id, message.status, message.progress_detail.as_ref());
            if let Some(progress) = progress {
                if let Some(found) = progress.status.strip_prefix("Digest: ") {
                    digest = Some(found.to_owned());
                }
                changed |= progress.status.starts_with("Status: Downloaded newer");
                listener(progress);
            }
        }
        let info = self.inspect(&reference.to_string()).await?;
        Ok(Pulled {
            id: info.id,
            digest,
            changed,
        })
    }
}

/// The engine answers what it meets before the first byte with a status, and later failures in the stream.
fn refused(reference: &Reference, error: DockerError) -> DockerError {
    if error.details.get("status").is_none() {
        return error;
    }
    let again = registry_failure(Stage::Pull, reference, &error.message);
    match again.kind {
        // Nothing more than the status had told.
        DockerErrorKind::Peer => error,
        _ => again,
    }
}
