//! The classic builder: the context goes as one tar stream, and what happens comes back as text.

use std::collections::BTreeSet;

use bollard::body_try_stream;
use bollard::errors::Error;
use bollard::models::BuildInfo;
use bollard::query_parameters::{BuildImageOptions, BuilderVersion};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderName};
use tokio_util::sync::CancellationToken;

use crate::build::caches::progressed;
use crate::build::dockerfile::Dockerfile;
use crate::build::events::{BuildEvent, BuildListener};
use crate::build::failure::{FailedInstruction, failure, refusal};
use crate::build::leftovers::Intermediates;
use crate::build::parameters;
use crate::build::request::BuildRequest;
use crate::build::tail::Tail;
use crate::cancel::until;
use crate::context::{self, ContextSent, archive};
use crate::credentials::config_header;
use crate::engine::Engine;
use crate::error::{DockerError, Stage};
use crate::image::progress::LayerProgress;
use crate::reference::Reference;

impl Engine {
    /// Builds by the classic builder and gives the image's id, and what it was sent of the context.
    pub(super) async fn build_classic(
        &self,
        request: &BuildRequest,
        dockerfile: &Dockerfile,
        listener: &BuildListener,
        token: &CancellationToken,
    ) -> Result<(String, ContextSent), DockerError> {
        let before: BTreeSet<String> = self
            .list_all()
            .await?
            .into_iter()
            .map(|image| image.id)
            .collect();
        let mut intermediates = Intermediates::new(self.clone(), before);
        let result = until(
            token,
            Stage::Build,
            self.stream_classic(request, dockerfile, listener, &mut intermediates),
        )
        .await;
        match &result {
            Ok(_) => intermediates.keep(),
            Err(_) => intermediates.remove().await,
        }
        result
    }

    async fn stream_classic(
        &self,
        request: &BuildRequest,
        dockerfile: &Dockerfile,
        listener: &BuildListener,
        intermediates: &mut Intermediates,
    ) -> Result<(String, ContextSent), DockerError> {
        let stage = Stage::Build;
        let source = request.source.clone();
        let path = request.dockerfile.clone();
        let entries = tokio::task::spawn_blocking(move || {
            let ignore = context::ignore_text(&source, &path, false)?;
            context::list(&source, &ignore, &path)
        })
        .await
        .map_err(|error| DockerError::internal(Stage::Context, error.to_string()))??;
        let caches = self.pull_caches(request, listener).await?;
        let (body, outcome) = archive::stream(request.source.clone(), entries);
        let options = BuildImageOptions {
            t: request.tags.first().cloned(),
            cachefrom: (!caches.is_empty()).then_some(caches),
            ..parameters::options(request, BuilderVersion::BuilderV1)
        };
        let accounts = HeaderMap::from_iter([(
            HeaderName::from_static("x-registry-config"),
            config_header(stage, &request.credentials)?,
        )]);
        let call = self.client.call_with(stage, accounts)?;
        let mut steps = Steps::new(request, dockerfile, listener, intermediates);
        let built = async {
            let mut messages = call
                .docker
                .build_image(options, None, Some(body_try_stream(body)));
            while let Some(message) = messages.next().await {
                match message {
                    Ok(message) => steps.take(message)?,
                    // The exit code that came with the text is in the text too.
                    Err(Error::DockerStreamError { error }) => return Err(steps.failed(&error, 0)),
                    Err(error) => {
                        return Err(refusal(&request.shown, call.translate(error)));
                    }
                }
            }
            steps.finish()
        }
        .await;
        let image = match (built, outcome.failure()) {
            // Where the context could not be read, that is why the connection broke.
            (Err(_), Some(error)) => return Err(error),
            (built, _) => built?,
        };
        // Bollard gives a build one name.
        for tag in request.tags.iter().skip(1) {
            self.tag_at(stage, &image, &Reference::parse(stage, tag)?)
                .await?;
        }
        Ok((image, outcome.sent()))
    }
}

/// The steps as the text tells them.
struct Steps<'a> {
    request: &'a BuildRequest,
    dockerfile: &'a Dockerfile,
    listener: &'a BuildListener,
    intermediates: &'a mut Intermediates,
    /// What has come of a line so far.
    line: String,
    step: Option<Step>,
    image: Option<String>,
}

struct Step {
    id: String,
    name: String,
    line: Option<u32>,
    cached: bool,
    tail: Tail,
}

impl<'a> Steps<'a> {
    fn new(
        request: &'a BuildRequest,
        dockerfile: &'a Dockerfile,
        listener: &'a BuildListener,
        intermediates: &'a mut Intermediates,
    ) -> Self {
        Self {
            request,
            dockerfile,
            listener,
            intermediates,
            line: String::new(),
            step: None,
            image: None,
        }
    }

    fn take(&mut self, message: BuildInfo) -> Result<(), DockerError> {
        if let Some(detail) = message.error_detail {
            let text = detail.message.unwrap_or_default();
            return Err(self.failed(&text, detail.code.unwrap_or(0)));
        }
        if let Some(id) = message.aux.and_then(|aux| aux.id) {
            self.image = Some(id);
        }
        if let Some(text) = &message.stream {
            self.line.push_str(without_red(text));
            while let Some(end) = self.line.find('\n') {
                let rest = self.line.split_off(end + 1);
                let line = std::mem::replace(&mut self.line, rest);
                self.take_line(line);
            }
        }
        // Base images on their way.
        let progress =
            LayerProgress::of(message.id, message.status, message.progress_detail.as_ref());
        if let (Some(step), Some(progress)) = (&self.step, progress)
            && progress.current.is_some()
        {
            (self.listener)(progressed(&step.id, progress));
        }
        Ok(())
    }

    fn take_line(&mut self, line: String) {
        let text = line.trim_end();
        if let Some((id, name)) = step_line(text) {
            self.finish_step(None);
            let index = id.parse::<usize>().ok().and_then(|id| id.checked_sub(1));
            let line = index.and_then(|index| self.dockerfile.line_of(index));
            (self.listener)(BuildEvent::Started {
                id: id.to_owned(),
                name: name.to_owned(),
                line,
            });
            self.step = Some(Step {
                id: id.to_owned(),
                name: name.to_owned(),
                line,
                cached: false,
                tail: Tail::default(),
            });
            return;
        }
        if let Some(said) = text.strip_prefix(" ---> ") {
            if said == "Using cache" {
                if let Some(step) = &mut self.step {
                    step.cached = true;
                }
                return;
            }
            if said.starts_with("Running in ") {
                return;
            }
            if let Some(warning) = said.strip_prefix("[Warning] ") {
                // It is about the engine's machine, not about the instruction.
                (self.listener)(BuildEvent::Warning {
                    message: warning.to_owned(),
                    line: None,
                });
                return;
            }
            if said.len() >= 12 && said.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                self.intermediates.announced(said);
                return;
            }
        }
        if text.starts_with("Removing intermediate container ")
            || text.starts_with("Successfully built ")
            || text.starts_with("Successfully tagged ")
        {
            return;
        }
        if let Some(step) = &mut self.step {
            step.tail.push(line.as_bytes());
            (self.listener)(BuildEvent::Log {
                id: step.id.clone(),
                bytes: Bytes::from(line),
            });
        }
    }

    fn finish_step(&mut self, error: Option<String>) -> Option<Step> {
        let step = self.step.take()?;
        (self.listener)(BuildEvent::Finished {
            id: step.id.clone(),
            cached: step.cached,
            error,
        });
        Some(step)
    }

    fn failed(&mut self, text: &str, code: i64) -> DockerError {
        let rest = std::mem::take(&mut self.line);
        if !rest.is_empty() {
            self.take_line(rest);
        }
        let step = self
            .finish_step(Some(text.to_owned()))
            .map(|step| FailedInstruction {
                name: step.name,
                line: step.line,
                exit_code: None,
                last_lines: step.tail.lines(),
            });
        failure(&self.request.shown, text, code, step)
    }

    fn finish(&mut self) -> Result<String, DockerError> {
        match self.image.take() {
            Some(image) => {
                self.finish_step(None);
                Ok(image)
            }
            // Podman names what went wrong where bollard doesn't look; the step that was running shows its lines.
            None => Err(self.failed("the engine ended the build without an image", 0)),
        }
    }
}

/// What a `RUN` writes to its standard error comes in red; the colour is the engine's, each piece has its own.
fn without_red(text: &str) -> &str {
    text.strip_prefix("\u{1b}[91m")
        .and_then(|text| text.strip_suffix("\u{1b}[0m"))
        .unwrap_or(text)
}

/// `Step 2/3 : RUN make` in its parts.
fn step_line(text: &str) -> Option<(&str, &str)> {
    let (count, name) = text.strip_prefix("Step ")?.split_once(" : ")?;
    let (number, total) = count.split_once('/')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(number) && digits(total)).then_some((number, name))
}
