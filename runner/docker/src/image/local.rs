//! Images that the engine has.

use bollard::query_parameters::{ListImagesOptions, RemoveImageOptions, TagImageOptions};
use serde_json::json;

use crate::engine::Engine;
use crate::error::{DockerError, DockerErrorKind, Stage};
use crate::image::ImageInfo;
use crate::image::name::in_path;
use crate::reference::Reference;

/// One image in a list.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) repo_tags: Vec<String>,
}

impl Engine {
    /// Looks at an image, by a name or an id.
    ///
    /// # Errors
    /// [`DockerErrorKind::NotFound`] where the engine has no such image.
    pub async fn inspect(&self, image: &str) -> Result<ImageInfo, DockerError> {
        let image = in_path(Stage::Inspect, image)?;
        let call = self.client.call(Stage::Inspect)?;
        let answer = call
            .answer(call.docker.inspect_image(image))
            .await
            .map_err(|error| missing(error, image))?;
        Ok(ImageInfo {
            id: answer.id.unwrap_or_default(),
            tags: answer.repo_tags.unwrap_or_default(),
            digests: answer.repo_digests.unwrap_or_default(),
            labels: answer
                .config
                .and_then(|config| config.labels)
                .unwrap_or_default()
                .into_iter()
                .collect(),
            size: answer
                .size
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or_default(),
            created: answer.created.unwrap_or_default(),
            os: answer.os.unwrap_or_default(),
            architecture: answer.architecture.unwrap_or_default(),
        })
    }

    /// Gives an image a name more. A name that another image had is taken from it.
    ///
    /// # Errors
    /// [`DockerErrorKind::NotFound`] where the engine has no such image; [`DockerErrorKind::Invalid`] for a name with
    /// a digest, which cannot be given.
    pub async fn tag(&self, image: &str, name: &Reference) -> Result<(), DockerError> {
        self.tag_at(Stage::Tag, image, name).await
    }

    /// The same as a part of something larger.
    pub(crate) async fn tag_at(
        &self,
        stage: Stage,
        image: &str,
        name: &Reference,
    ) -> Result<(), DockerError> {
        let Some(tag) = name.tag.as_ref().filter(|_| name.digest.is_none()) else {
            return Err(DockerError::invalid(
                stage,
                format!("`{name}` cannot be given: a digest is a property of an image"),
            ));
        };
        let image = in_path(stage, image)?;
        let options = TagImageOptions {
            repo: Some(name.name()),
            tag: Some(tag.clone()),
        };
        let call = self.client.call(stage)?;
        call.answer(call.docker.tag_image(image, Some(options)))
            .await
            .map_err(|error| missing(error, image))
    }

    /// Removes a name, or an image that has no other, with the nameless images it was built on.
    ///
    /// # Errors
    /// [`DockerErrorKind::NotFound`] where there is no such image; [`DockerErrorKind::Conflict`] where a container
    /// needs it.
    pub async fn remove(&self, image: &str) -> Result<(), DockerError> {
        let image = in_path(Stage::Remove, image)?;
        let call = self.client.call(Stage::Remove)?;
        let removed = call
            .docker
            .remove_image(image, None::<RemoveImageOptions>, None);
        call.answer(removed)
            .await
            .map_err(|error| missing(error, image))?;
        Ok(())
    }

    /// All images, those without a name too.
    pub(crate) async fn list_all(&self) -> Result<Vec<Listed>, DockerError> {
        let options = ListImagesOptions {
            all: true,
            ..ListImagesOptions::default()
        };
        let call = self.client.call(Stage::Inspect)?;
        let images = call.answer(call.docker.list_images(Some(options))).await?;
        Ok(images
            .into_iter()
            .map(|image| Listed {
                id: image.id,
                repo_tags: image.repo_tags,
            })
            .collect())
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
