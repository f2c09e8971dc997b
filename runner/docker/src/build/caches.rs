//! Images to cache from that can't be had.
//!
//! One that isn't there is no failure, and the listener is told of it; an account that the registry refuses is one, since
//! it is a mistake of whoever wrote the pipeline. BuildKit fetches caches itself and says how that went; for the classic
//! builder, which knows the engine's own images alone, they are pulled first.

use std::sync::Arc;

use crate::build::events::{BuildEvent, BuildListener};
use crate::build::request::BuildRequest;
use crate::engine::Engine;
use crate::error::{DockerError, DockerErrorKind, Stage, kind_of_text, lower_first};
use crate::image::progress::{LayerListener, LayerProgress};
use crate::image::push::registry_failure;
use crate::reference::Reference;

/// BuildKit's name for the step that looks at a cache; the image follows.
const IMPORT: &str = "importing cache manifest from ";

/// How registries answer that tell nobody whether an image is missing or just not theirs to see.
const UNCLEAR: [&str; 2] = [
    "repository does not exist or may require",
    "requested access to the resource is denied",
];

/// The image that a step of BuildKit's looks for.
pub(super) fn imported(step: &str) -> Option<&str> {
    step.strip_prefix(IMPORT)
}

/// What a failed import by BuildKit means: something to tell, or the build's end.
pub(super) fn missing(image: &str, text: &str) -> Result<BuildEvent, DockerError> {
    if is_refusal(text) {
        let reference = Reference::parse(Stage::Build, image)?;
        return Err(registry_failure(Stage::Build, &reference, text));
    }
    Ok(told(image, text))
}

fn told(image: &str, text: &str) -> BuildEvent {
    let text = text.trim();
    let own = text
        .strip_prefix(image)
        .and_then(|rest| rest.strip_prefix(": "));
    BuildEvent::CacheMissing {
        image: image.to_owned(),
        why: lower_first(own.unwrap_or(text)),
    }
}

/// Whether a registry refuses an account, and not perhaps only lacks the image.
fn is_refusal(text: &str) -> bool {
    kind_of_text(text) == DockerErrorKind::Unauthorized
        && !UNCLEAR.iter().any(|unclear| text.contains(unclear))
}

impl Engine {
    /// Pulls what the classic builder is to cache from; gives the images that the engine has then. (It is not told of the
    /// others: with one that it doesn't know, it would leave its own cache alone.)
    pub(super) async fn pull_caches(
        &self,
        request: &BuildRequest,
        listener: &BuildListener,
    ) -> Result<Vec<String>, DockerError> {
        let mut found = Vec::new();
        for image in &request.cache_from {
            let reference = Reference::parse(Stage::Build, image)?;
            let credentials = request
                .credentials
                .iter()
                .find(|credentials| credentials.is_for(&reference.registry));
            let step = Step::begin(image, listener);
            let pulled = self
                .pull_unlimited(
                    &reference,
                    request.platforms.first().map(String::as_str),
                    credentials,
                    &step.layers(),
                )
                .await;
            match pulled {
                Ok(_) => {
                    step.end(None);
                    found.push(image.clone());
                }
                Err(error) if is_refusal(&error.message) => {
                    step.end(Some(&error));
                    return Err(error);
                }
                Err(error) => {
                    step.end(None);
                    // One that was only ever built here is as good.
                    if self.inspect(image).await.is_ok() {
                        found.push(image.clone());
                    } else {
                        listener(told(image, &error.message));
                    }
                }
            }
        }
        Ok(found)
    }
}

/// A pull, told as a step of the build.
struct Step<'a> {
    id: String,
    listener: &'a BuildListener,
}

impl<'a> Step<'a> {
    fn begin(image: &str, listener: &'a BuildListener) -> Self {
        let id = format!("cache {image}");
        listener(BuildEvent::Started {
            id: id.clone(),
            name: format!("[internal] pull {image} to cache from"),
            line: None,
        });
        Self { id, listener }
    }

    fn layers(&self) -> LayerListener {
        let id = self.id.clone();
        let listener = Arc::clone(self.listener);
        Arc::new(move |progress: LayerProgress| {
            if progress.current.is_some() {
                listener(progressed(&id, progress));
            }
        })
    }

    fn end(&self, error: Option<&DockerError>) {
        (self.listener)(BuildEvent::Finished {
            id: self.id.clone(),
            cached: false,
            error: error.map(|error| error.message.clone()),
        });
    }
}

/// A layer on its way, as a part of a step.
pub(super) fn progressed(step: &str, progress: LayerProgress) -> BuildEvent {
    BuildEvent::Progressed {
        id: step.to_owned(),
        what: match progress.layer {
            Some(layer) => format!("{} {layer}", progress.status),
            None => progress.status,
        },
        current: progress.current.unwrap_or(0),
        total: progress.total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_is_not_there_is_told_and_a_refused_account_is_an_error() {
        for (text, refusal) in [
            ("r.example/a:1: not found", false),
            (
                "manifest for r.example/a:1 not found: manifest unknown",
                false,
            ),
            ("dial tcp 127.0.0.1:1: connect: connection refused", false),
            (
                "pull access denied for a, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
                false,
            ),
            ("unauthorized: authentication required", true),
            ("no basic auth credentials", true),
            (
                "unexpected status code [manifests 1]: 401 Unauthorized",
                true,
            ),
        ] {
            let found = missing("r.example/a:1", text);
            assert_eq!(found.is_err(), refusal, "{text}");
            match found {
                Ok(event) => assert_eq!(event, told("r.example/a:1", text)),
                Err(error) => assert_eq!(error.kind, DockerErrorKind::Unauthorized),
            }
        }
        assert_eq!(
            told("r.example/a:1", "r.example/a:1: not found"),
            BuildEvent::CacheMissing {
                image: "r.example/a:1".to_owned(),
                why: "not found".to_owned(),
            }
        );
        assert_eq!(
            imported("importing cache manifest from r.example/a:1"),
            Some("r.example/a:1")
        );
        assert_eq!(imported("[1/2] FROM base"), None);
    }
}
