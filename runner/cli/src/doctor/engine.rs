//! The machine's Docker engine, which steps that build images need: whether it can be reached, and what it is.

use std::time::Duration;

use capstep_docker::{Builder, DockerError, DockerErrorKind, Endpoint, EngineInfo, Stage};
use capstep_host::DockerAccess;

use super::Check;
use crate::context::Context;
use crate::surroundings;

const PART: &str = "engine";

/// An engine that works answers at once; nobody waits a minute for a look at a machine.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn checks(context: &Context) -> Vec<Check> {
    let found = Endpoint::find(&surroundings::of(&context.environment));
    let endpoint = match &found {
        Ok(endpoint) => endpoint.clone(),
        Err(error) => return vec![Check::note(PART, "address", error.message.clone())],
    };
    let address = format!("{} ({})", endpoint.address, endpoint.source);
    let mut checks = vec![Check::good(PART, "address", address)];
    match ask(DockerAccess::of_machine(found)) {
        Err(error) => checks.push(Check::note(PART, "engine", error.message).hint(
            "steps that build images need one; DOCKER_HOST or `docker context use` names another",
        )),
        Ok(info) => checks.extend(told(&info)),
    }
    if let Some(platform) = &endpoint.default_platform {
        checks.push(
            Check::note(
                PART,
                "platform",
                format!("DOCKER_DEFAULT_PLATFORM is {platform}: a build that names no platform is refused"),
            )
            .hint(format!("write `platforms: {platform}` into the step, or unset it")),
        );
    }
    checks
}

fn told(info: &EngineInfo) -> Vec<Check> {
    let engine = format!(
        "{} {}, API {}, {}/{}",
        info.name, info.version, info.api, info.os, info.arch
    );
    let builder = format!("{}: {}", info.builder, info.builder_reason);
    vec![
        Check::good(PART, "engine", engine),
        match info.builder {
            Builder::BuildKit => Check::good(PART, "builder", builder),
            Builder::Classic => Check::note(PART, "builder", builder)
                .hint("build secrets and `cache-to` need BuildKit"),
        },
    ]
}

fn ask(access: DockerAccess) -> Result<EngineInfo, DockerError> {
    let failed = |kind, message: String| DockerError::new(Stage::Connect, kind, message);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(DockerErrorKind::Internal, error.to_string()))?;
    runtime.block_on(async {
        tokio::time::timeout(ANSWER_LIMIT, access.look())
            .await
            .unwrap_or_else(|_| {
                let text = format!("it did not answer within {} s", ANSWER_LIMIT.as_secs());
                Err(failed(DockerErrorKind::Timeout, text))
            })
    })
}
