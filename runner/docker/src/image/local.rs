//! Images that the engine has.

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::engine::Engine;
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::image::ImageInfo;
use crate::reference::Reference;
use crate::transport::request::{Request, in_path};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectAnswer {
    id: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    config: Option<ConfigAnswer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigAnswer {
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

/// One image in a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Listed {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) repo_tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PruneAnswer {
    #[serde(default)]
    images_deleted: Option<Vec<Deleted>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Deleted {
    #[serde(default)]
    deleted: Option<String>,
}

impl Engine {
    /// Looks at an image, by a name or an id.
    ///
    /// # Errors
    /// [`DockerErrorKind::NotFound`] where the engine has no such image.
    pub async fn inspect(&self, image: &str) -> Result<ImageInfo, DockerError> {
        let request = Request::get(format!("/images/{}/json", in_path(image)));
        let answer: InspectAnswer = self
            .client
            .ask_json(Stage::Inspect, request)
            .await
            .map_err(|error| missing(error, image))?;
        Ok(ImageInfo {
            id: answer.id,
            tags: answer.repo_tags.unwrap_or_default(),
            digests: answer.repo_digests.unwrap_or_default(),
            labels: answer
                .config
                .and_then(|config| config.labels)
                .unwrap_or_default(),
            size: answer.size,
            created: answer.created.unwrap_or_default(),
            os: answer.os,
            architecture: answer.architecture,
        })
    }

    /// Gives an image a name more. A name that another image had is taken from it.
    ///
    /// # Errors
    /// [`DockerErrorKind::NotFound`] where the engine has no such image; [`DockerErrorKind::Invalid`] for a name with
    /// a digest, which cannot be given.
    pub async fn tag(&self, image: &str, name: &Reference) -> Result<(), DockerError> {
        let stage = Stage::Tag;
        let Some(tag) = name.tag.as_ref().filter(|_| name.digest.is_none()) else {
            return Err(DockerError::invalid(
                stage,
                format!("`{name}` cannot be given: a digest is a property of an image"),
            ));
        };
        let request = Request::post(format!("/images/{}/tag", in_path(image)))
            .query("repo", name.name())
            .query("tag", tag.clone());
        self.client
            .ask(stage, request)
            .await
            .map_err(|error| missing(error, image))?;
        Ok(())
    }

    /// Removes a name, or an image that has no other, with the nameless images it was built on.
    ///
    /// # Errors
    /// [`DockerErrorKind::NotFound`] where there is no such image; [`DockerErrorKind::Conflict`] where a container
    /// needs it.
    pub async fn remove(&self, image: &str) -> Result<(), DockerError> {
        let request = Request::new(Method::DELETE, format!("/images/{}", in_path(image)));
        self.client
            .ask(Stage::Remove, request)
            .await
            .map_err(|error| missing(error, image))?;
        Ok(())
    }

    /// Removes the images that carry all of these labels and have no name, and gives their ids. Nothing is removed for
    /// an empty list.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn remove_nameless(
        &self,
        labels: &[(String, String)],
    ) -> Result<Vec<String>, DockerError> {
        if labels.is_empty() {
            return Ok(Vec::new());
        }
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let filters = json!({ "dangling": ["true"], "label": labels });
        let request = Request::post("/images/prune").query("filters", filters.to_string());
        let answer: PruneAnswer = self.client.ask_json(Stage::Remove, request).await?;
        Ok(answer
            .images_deleted
            .unwrap_or_default()
            .into_iter()
            .filter_map(|deleted| deleted.deleted)
            .collect())
    }

    /// All images, those without a name too.
    pub(crate) async fn list_all(&self) -> Result<Vec<Listed>, DockerError> {
        self.client
            .ask_json(
                Stage::Inspect,
                Request::get("/images/json").query("all", "1"),
            )
            .await
    }
}

fn missing(error: DockerError, image: &str) -> DockerError {
    if error.kind == DockerErrorKind::NotFound {
        DockerError::new(
            error.stage,
            DockerErrorKind::NotFound,
            format!("the engine has no image `{image}`"),
        )
        .with_details(json!({ "image": image }))
    } else {
        error
    }
}
