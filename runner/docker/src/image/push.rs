//! From the engine to a registry.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::cancel::until;
use crate::credentials::{RegistryCredentials, anonymous};
use crate::engine::Engine;
use crate::error::{DockerError, DockerErrorKind, Stage, kind_of_text, lower_first};
use crate::image::Pushed;
use crate::image::name::in_path;
use crate::image::progress::{LayerListener, LayerProgress};
use crate::message::Message;
use crate::reference::Reference;
use crate::transport::lines::Lines;

impl Engine {
    /// Pushes an image by one of its names, which must carry a tag.
    ///
    /// # Errors
    /// [`DockerErrorKind::NotFound`] where the engine has no such image, [`DockerErrorKind::Unauthorized`] where the
    /// registry refuses, [`DockerErrorKind::Unreachable`] where it is down or goes down meanwhile.
    pub async fn push(
        &self,
        reference: &Reference,
        credentials: Option<&RegistryCredentials>,
        listener: &LayerListener,
        token: &CancellationToken,
    ) -> Result<Pushed, DockerError> {
        until(token, Stage::Push, async {
            self.push_unlimited(reference, credentials, listener).await
        })
        .await
    }

    async fn push_unlimited(
        &self,
        reference: &Reference,
        credentials: Option<&RegistryCredentials>,
        listener: &LayerListener,
    ) -> Result<Pushed, DockerError> {
        let stage = Stage::Push;
        let Some(tag) = &reference.tag else {
            return Err(DockerError::invalid(
                stage,
                format!("`{reference}` cannot be pushed: it has no tag"),
            ));
        };
        let call = self
            .client
            .call_with(stage, auth(stage, reference, credentials)?)?;
        let path = format!("/images/{}/push", in_path(stage, &reference.name())?);
        let request = Request::post(call.target(&path, &[("tag", tag)])?);
        // Bollard 0.21.1 reads neither the layer that a line is about nor the digest at the end.
        let answer = call.send(request, Bytes::new()).await?;
        let mut lines = Lines::of(answer.into_body());
        let mut digest = None;
        while let Some(message) = Message::next(&mut lines, stage).await? {
            if let Some((text, _)) = message.failure() {
                return Err(registry_failure(stage, reference, &text));
            }
            if let Some(found) = message
                .aux
                .as_ref()
                .and_then(|aux| aux.get("Digest"))
                .and_then(Value::as_str)
            {
                digest = Some(found.to_owned());
            }
            let progress = LayerProgress::of(message.id, message.status, message.progress.as_ref());
            if let Some(progress) = progress {
                listener(progress);
            }
        }
        match digest {
            Some(digest) => Ok(Pushed {
                reference: reference.to_string(),
                digest,
            }),
            None => Err(DockerError::new(
                stage,
                DockerErrorKind::Peer,
                format!("the push of {reference} ended without a digest"),
            )),
        }
    }
}

/// `X-Registry-Auth` for an image's registry: its credentials where they were handed over, none of another registry's.
pub(crate) fn auth(
    stage: Stage,
    reference: &Reference,
    credentials: Option<&RegistryCredentials>,
) -> Result<HeaderMap, DockerError> {
    let value = match credentials {
        Some(credentials) if credentials.is_for(&reference.registry) => {
            credentials.header(stage)?
        }
        Some(credentials) => {
            return Err(DockerError::invalid(
                stage,
                format!(
                    "the credentials are for {}, and {reference} lies at {}",
                    credentials.registry, reference.registry
                ),
            ));
        }
        None => anonymous(),
    };
    Ok(HeaderMap::from_iter([(
        HeaderName::from_static("x-registry-auth"),
        value,
    )]))
}

/// What went wrong between the engine and a registry.
pub(crate) fn registry_failure(stage: Stage, reference: &Reference, text: &str) -> DockerError {
    let kind = kind_of_text(text);
    let registry = &reference.registry;
    let text = lower_first(text.trim());
    let message = match kind {
        DockerErrorKind::Unauthorized => format!(
            "the registry {registry} does not let this account {} {reference}: {text}; check the credentials and the name",
            if stage == Stage::Push { "push" } else { "pull" },
        ),
        DockerErrorKind::Unreachable | DockerErrorKind::Timeout => {
            format!("the engine lost or could not reach the registry {registry}: {text}")
        }
        DockerErrorKind::NotFound => format!("{reference} was not found: {text}"),
        DockerErrorKind::DiskFull => format!("a disk is full: {text}"),
        _ => format!("{reference}: {text}"),
    };
    DockerError::new(stage, kind, message)
        .with_details(json!({ "registry": registry, "image": reference.to_string() }))
}
