//! Log in, build, push: nothing is built before every login is known to work.

use capstep_sdk::docker::{BuildOptions, Built, Docker, Transferred};
use capstep_sdk::log::Log;
use capstep_sdk::ops::Event;
use capstep_sdk::pointer::Pointer;
use capstep_sdk::{Duration, Failure};

use crate::inputs::Inputs;
use crate::outputs::{Outputs, Tag};
use crate::validate::validate;

/// How many digits of a digest are told.
const SHOWN_DIGITS: usize = 12;

/// Builds.
///
/// # Errors
/// Inputs that make no sense together (`invalid`); a login that is refused (`unauthorized`); what the build or the
/// first failing push ended in, with that call's kind. The details of a failed push have what was pushed before.
pub fn run(host: &(impl Docker + Log), inputs: Inputs) -> Result<Outputs, Failure> {
    validate(&inputs)?;
    for (pointer, registry) in inputs.registry.pointed("registry") {
        host.login(pointer.key("host").as_str()).map_err(|error| {
            Failure::from(error).while_doing(format_args!("logging in to {}", registry.host))
        })?;
        host.info(format_args!(
            "logged in to {} as {}",
            registry.host, registry.username
        ));
    }
    let built = host.grouped(&format!("build {}", inputs.context), || {
        build(host, &inputs)
    })?;
    let tags = if inputs.push {
        push_all(host, &inputs)?
    } else {
        let local = |reference: &String| Tag {
            reference: reference.clone(),
            digest: None,
        };
        inputs.tags.iter().map(local).collect()
    };
    Ok(Outputs {
        image: built.image,
        digest: tags.first().and_then(|tag| tag.digest.clone()),
        tags,
        builder: built.builder,
    })
}

fn build(host: &(impl Docker + Log), inputs: &Inputs) -> Result<Built, Failure> {
    let tags: Vec<String> = inputs
        .tags
        .pointed("tags")
        .map(|(pointer, _)| pointer.to_string())
        .collect();
    let options = BuildOptions {
        log: true,
        timeout: inputs.timeout.map(Duration::as_nanos),
    };
    let built = host
        .build("/context", &tags, options, |event| show(host, event))
        .map_err(|error| {
            Failure::from(error).while_doing(format_args!("building {}", inputs.context))
        })?;
    host.info(format_args!(
        "built {} with {}: {} of {} steps from the cache",
        built.image, built.builder, built.cached, built.steps
    ));
    Ok(built)
}

fn push_all(host: &(impl Docker + Log), inputs: &Inputs) -> Result<Vec<Tag>, Failure> {
    let mut pushed: Vec<Tag> = Vec::new();
    for (pointer, tag) in inputs.tags.pointed("tags") {
        match push(host, &pointer, tag) {
            Ok(Transferred {
                reference, digest, ..
            }) => pushed.push(Tag { reference, digest }),
            Err(failure) => {
                let before: Vec<&str> = pushed.iter().map(|tag| tag.reference.as_str()).collect();
                let failure = if before.is_empty() {
                    failure
                } else {
                    Failure {
                        message: format!(
                            "{} (pushed before: {})",
                            failure.message,
                            before.join(", ")
                        ),
                        ..failure
                    }
                };
                return Err(failure.with_details(&serde_json::json!({ "pushed": pushed })));
            }
        }
    }
    Ok(pushed)
}

fn push(host: &(impl Docker + Log), pointer: &Pointer, tag: &str) -> Result<Transferred, Failure> {
    let pushed = host
        .push(pointer.as_str(), |event| show(host, event))
        .map_err(|error| Failure::from(error).while_doing(format_args!("pushing {tag}")))?;
    match &pushed.digest {
        Some(digest) => host.info(format_args!(
            "pushed {} {}",
            pushed.reference,
            short(digest)
        )),
        None => host.info(format_args!("pushed {}", pushed.reference)),
    }
    Ok(pushed)
}

/// As much of a digest as people compare; the output has the whole.
fn short(digest: &str) -> &str {
    let end = digest.find(':').map_or(0, |at| at + 1) + SHOWN_DIGITS;
    digest.get(..end).unwrap_or(digest)
}

fn show(host: &impl Log, event: Event) {
    if let Event::Progress(progress) = event {
        host.progress(&progress);
    }
}
