//! A build: what steers it is the pipeline's own text, read here.

use std::sync::Arc;

use capstep_docker::{
    BuildRequest, BuildSecret, Builder, DockerError, DockerErrorKind, Engine, Network,
};
use capstep_grants::bind::RoleKind;
use capstep_grants::check::{Act, Permit};
use capstep_grants::manifest::SinkKind;
use capstep_grants::pointer;
use serde_json::{Value, json};

use super::registry::logins;
use super::told::Told;
use super::{address, context, error};
use crate::fault::Fault;
use crate::ops::Outcome;
use crate::protocol::{Answer, BuildOptions, Built, ErrorKind, Level, Nanoseconds};
use crate::step::{Meta, Shared};
use crate::verbs::{roles, wrong_permit};

/// The Dockerfile where the pipeline names none.
const DOCKERFILE: &str = "Dockerfile";

pub(super) fn build(
    shared: &Arc<Shared>,
    meta: Meta,
    context: &str,
    tags: &[String],
    options: BuildOptions,
) -> Result<Answer, Fault> {
    let mut names = Vec::new();
    let mut pointers = vec![context.to_owned()];
    let mut folder = None;
    for tag in tags {
        let act = Act::DockerBuild {
            context,
            image: Some(tag),
        };
        let Permit::Build {
            root,
            image: Some(image),
            ..
        } = shared.permit(&act)?
        else {
            return wrong_permit();
        };
        folder = Some(root);
        names.push(image.image.to_string());
        pointers.push(tag.clone());
    }
    let root = match folder {
        Some(root) => root,
        // Without a name it is built all the same, and known by its id.
        None => match shared.permit(&Act::DockerBuild {
            context,
            image: None,
        })? {
            Permit::Build { root, .. } => root,
            _ => return wrong_permit(),
        },
    };
    let source = context::source(shared, &root, context)?;
    let name = format!("{}:{root}", shared.workspace.path().display());
    let mut request = BuildRequest::new(source, name);
    request.tags = names;
    let used = steer(shared, context, &mut request)?;
    let registries = used.registries;
    request.shown = match root.below(&request.dockerfile) {
        Ok(path) => path.as_str().to_owned(),
        // It leads nowhere, and reading it says so.
        Err(_) => request.dockerfile.clone(),
    };
    pointers.extend(used.grants);
    let grants: Vec<&str> = pointers.iter().map(String::as_str).collect();
    let meta = meta
        .under(shared.grants(&grants))
        .using(shared.secret_names(used.secrets.iter().map(String::as_str)));
    let handle = shared.start(meta, move |shared, reporter, operation| async move {
        for (registry, pointer) in &registries {
            address::judge(&shared, registry, pointer).await?;
        }
        let engine = shared.docker.engine().await?;
        let dockerfile = request.shown.clone();
        let told = Told::new(Arc::clone(&shared), reporter, options.log, dockerfile);
        let listener = told.listener();
        let token = operation.token();
        let work = engine.build(&request, &listener, &token);
        warn_of_classic(&shared, &engine);
        let built = match options.timeout.map(Nanoseconds::duration) {
            None => Ok(work.await),
            Some(limit) => tokio::time::timeout(limit, work).await.map_err(|_| {
                Fault::error(
                    ErrorKind::Timeout,
                    format!("the build did not end within {} s", limit.as_secs_f32()),
                )
            }),
        };
        let counted = told.finish();
        let built = built?.map_err(|wrong| failed(&shared, &told, wrong))?;
        let built = Built {
            image: built.image_id,
            builder: word(built.builder).to_owned(),
            cached: counted.cached,
            steps: counted.steps,
        };
        let summary = json!({
            "image": built.image, "builder": built.builder, "steps": built.steps, "cached": built.cached,
        });
        Ok((Outcome::Built(built), summary))
    })?;
    Ok(Answer::Handle(handle))
}

/// The inputs that went into a build.
#[derive(Default)]
struct Used {
    grants: Vec<String>,
    secrets: Vec<String>,
    /// The registries that are asked for what the pipeline names, each with the input that names it.
    registries: Vec<(String, String)>,
}

/// Puts in what roles and sinks say.
fn steer(shared: &Shared, context: &str, request: &mut BuildRequest) -> Result<Used, Fault> {
    let text = |kind| {
        roles::role_value(shared, kind, context)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let flag = |kind| {
        roles::role_value(shared, kind, context)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    };
    let mut used = Used::default();
    request.dockerfile = text(RoleKind::Dockerfile).unwrap_or_else(|| DOCKERFILE.to_owned());
    request.target = text(RoleKind::BuildTarget);
    request.build_args = roles::role_pairs(shared, RoleKind::BuildArg, context);
    request.labels = roles::role_pairs(shared, RoleKind::Label, context);
    request.platforms = platforms(shared, context)?;
    request.no_cache = flag(RoleKind::NoCache);
    request.pull = flag(RoleKind::PullBase);
    request.inline_cache = match text(RoleKind::CacheTo).as_deref() {
        None | Some("none") => false,
        Some("inline") => true,
        Some(other) => return Err(unknown("cache", other)),
    };
    request.network = match text(RoleKind::BuildNetwork).as_deref() {
        None | Some("default") => Network::Default,
        Some("none") => Network::None,
        // Never the machine's own, nor another container's.
        Some(other) => return Err(unknown("network", other)),
    };
    for at in roles::items(shared, RoleKind::CacheFrom, context) {
        let act = Act::DockerPull {
            image: &at,
            registry: None,
        };
        let Permit::Image(permit) = shared.permit(&act)? else {
            return wrong_permit();
        };
        request.cache_from.push(permit.image.to_string());
        used.registries.push((permit.image.registry, at.clone()));
        used.grants.push(at);
    }
    for secret in &shared.authority.bound.secrets {
        let ours = secret.sink.as_ref().is_some_and(|sink| {
            sink.kind == SinkKind::BuildSecret && sink.to.iter().any(|to| to == context)
        });
        if !ours {
            continue;
        }
        let Permit::Value { .. } = shared.permit(&Act::Use {
            input: &secret.pointer,
            sink: SinkKind::BuildSecret,
            to: context,
        })?
        else {
            return wrong_permit();
        };
        if let Some(value) = shared.value(&secret.pointer) {
            request.secrets.push(BuildSecret {
                id: pointer::last(&secret.pointer),
                value: value.expose().as_bytes().to_vec().into(),
            });
            used.secrets.push(secret.pointer.clone());
        }
    }
    for login in logins(shared)? {
        let host = login.credentials.registry.clone();
        used.registries.push((host, login.registry.clone()));
        request.credentials.push(login.credentials);
        used.grants.push(login.registry);
        used.secrets.push(login.password);
    }
    Ok(used)
}

/// What the image is for is the pipeline's to say. Where the docker command line would take it from the environment, the
/// same Dockerfile would become another image here, unnoticed.
fn platforms(shared: &Shared, context: &str) -> Result<Vec<String>, Fault> {
    let named = roles::role_texts(shared, RoleKind::Platform, context);
    match shared.docker.default_platform() {
        Some(platform) if named.is_empty() => Err(Fault::error(
            ErrorKind::Invalid,
            format!(
                "DOCKER_DEFAULT_PLATFORM is `{platform}`, and no build is steered by the environment: write `platforms: {platform}` into the step, or unset it"
            ),
        )),
        _ => Ok(named),
    }
}

/// The builder's word in reports.
fn word(builder: Builder) -> &'static str {
    match builder {
        Builder::BuildKit => "buildkit",
        Builder::Classic => "classic",
    }
}

fn unknown(what: &str, word: &str) -> Fault {
    Fault::error(
        ErrorKind::Invalid,
        format!("a build's {what} is not `{word}`"),
    )
}

/// That an engine has no BuildKit is worth knowing: builds are slower there, and some can't be done.
fn warn_of_classic(shared: &Shared, engine: &Engine) {
    let info = engine.info();
    if info.builder == Builder::Classic {
        shared.voice.message(
            Level::Warn,
            &format!("{} is used: {}", info.builder, info.builder_reason),
        );
    }
}

/// A failing instruction is pointed at and shown with its last lines, whether or not the log has them.
fn failed(shared: &Shared, told: &Told, wrong: DockerError) -> Fault {
    if wrong.kind != DockerErrorKind::BuildFailed {
        return error::fault(wrong);
    }
    match &wrong.instruction {
        Some(instruction) => {
            let name = &instruction.name;
            let what = match instruction.exit_code {
                Some(code) => format!("`{name}` ended with exit code {code}"),
                None => format!("`{name}` failed"),
            };
            let lines = &instruction.last_lines;
            let ending = if lines.is_empty() {
                ""
            } else {
                "; its last lines:"
            };
            told.point(Level::Error, instruction.line, &format!("{what}{ending}"));
            for line in lines {
                shared.voice.message(Level::Error, &format!("  {line}"));
            }
        }
        None => {
            let line = wrong.details.get("line").and_then(Value::as_u64);
            let line = line.and_then(|line| u32::try_from(line).ok());
            if line.is_some() {
                told.point(Level::Error, line, &wrong.message);
            }
        }
    }
    error::fault(wrong)
}
