//! From a registry to the engine.

use http::HeaderName;
use tokio_util::sync::CancellationToken;

use crate::cancel::until;
use crate::credentials::RegistryCredentials;
use crate::engine::Engine;
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::image::Pulled;
use crate::image::progress::{LayerListener, LayerProgress};
use crate::image::push::{auth, registry_failure};
use crate::message::Message;
use crate::reference::Reference;
use crate::transport::request::Request;

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

    async fn pull_unlimited(
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
        let mut request = Request::post("/images/create")
            .query("fromImage", reference.name())
            .query("tag", tag)
            .header(
                HeaderName::from_static("x-registry-auth"),
                auth(stage, reference, credentials)?,
            );
        if let Some(platform) = platform {
            request = request.query("platform", platform);
        }
        let reply = self
            .client
            .send(stage, request)
            .await
            .map_err(|error| match error.kind {
                DockerErrorKind::Cancelled => error,
                // The engine answers what it meets before the first byte with a status, later failures in the stream.
                _ if error.details.get("status").is_some() => {
                    let again = registry_failure(stage, reference, &error.message);
                    if again.kind == DockerErrorKind::Peer {
                        error
                    } else {
                        again
                    }
                }
                _ => error,
            })?;
        let mut lines = reply.lines();
        let mut digest = None;
        let mut changed = false;
        while let Some(message) = Message::next(&mut lines, stage).await? {
            if let Some((text, _)) = message.failure() {
                return Err(registry_failure(stage, reference, &text));
            }
            if let Some(progress) = LayerProgress::of(&message) {
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
