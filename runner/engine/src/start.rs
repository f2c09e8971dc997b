//! From settings to a run: the workspace, the state folder, the plugins; then the dispatcher has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use capstep_host::sandbox::{Sandbox, SandboxConfig};
use capstep_host::{Caches, DockerAccess, HeldSecret, SealedFiles, Trust, Workspace};
use capstep_net::{Dialer, NetworkPolicy};
use capstep_secrets::{Masker, SecretValue};

use crate::cancel::Cancel;
use crate::context::Context;
use crate::dispatcher::Dispatcher;
use crate::emitter::{Emitter, Listener};
use crate::error::RunError;
use crate::event::{EVENT_VERSION, Event, TimedEvent};
use crate::plugins;
use crate::select::selected;
use crate::settings::{RunResult, RunSettings};
use crate::state::{RunFolder, project_folder, project_key};
use crate::taint;

/// The folder of the state in which sealed files are remembered, for all workspaces of the user.
pub const SEALED: &str = "sealed";

/// Runs a pipeline; the listener hears every event, in order.
///
/// # Errors
/// The run could not begin: nothing has happened then. What goes wrong later is an outcome.
pub async fn run(
    settings: RunSettings,
    listener: impl FnMut(&TimedEvent) + Send + 'static,
    cancel: Cancel,
) -> Result<RunResult, RunError> {
    let started = Instant::now();
    let selected = match &settings.resume {
        Some(resume) => resume.selected(&settings.pipeline),
        None => selected(&settings.pipeline, &settings.only)?,
    };
    let workspace = Workspace::open(&settings.workspace).map_err(|error| RunError::Workspace {
        path: settings.workspace.clone(),
        message: error.to_string(),
    })?;
    // Whatever the pipeline's files are called, no step reaches them.
    let file = std::path::Path::new(&settings.source.name);
    let own = file.file_name().and_then(std::ffi::OsStr::to_str);
    let included = settings.source.included().paths();
    let workspace = own
        .into_iter()
        .chain(included)
        .fold(workspace, Workspace::reserving);
    let name = settings
        .pipeline
        .name
        .as_ref()
        .map(|name| name.value.as_str());
    let key = project_key(name, workspace.path());
    let project = project_folder(&settings.state, &key)?;
    let seals = settings.state.join(SEALED);
    let sealed = SealedFiles::open(&seals, workspace.path()).map_err(|error| RunError::State {
        path: seals,
        message: error.to_string(),
    })?;
    let is_tainted = taint::look(&settings.state, workspace.path(), settings.trust);
    let is_tainted = is_tainted.map_err(|error| RunError::State {
        path: settings.state.clone(),
        message: error.to_string(),
    })?;
    let folder = RunFolder::create(&settings.state)?;
    let emitter = Arc::new(Emitter::new(
        Box::new(listener) as Listener,
        folder.events()?,
    ));
    let sandbox = sandbox(&settings, &emitter)?;
    let loading = plugins::load(&settings.pipeline, &selected, &settings.registry, &sandbox);
    let loaded = tokio::select! {
        biased;
        // Nothing has begun, so there is nothing to tidy up; and a plugin may take a minute to compile.
        () = cancel.soft.cancelled() => Err(RunError::Cancelled),
        loaded = loading => loaded,
    };
    let plugins = match loaded {
        Ok(plugins) => plugins,
        Err(error) => {
            folder.discard();
            return Err(error);
        }
    };
    let journal = Arc::new(folder.journal()?);
    let mut record = folder.record(&settings.source, &key, workspace.path(), settings.trust);
    folder.write(&record)?;

    let masker = masker(&settings.secrets, sealed.held(&workspace));
    let policy = NetworkPolicy {
        trusted_ref: settings.trust == Trust::Trusted,
        ..NetworkPolicy::default()
    };
    // Which engine it is, says who starts the run, whoever wrote the pipeline.
    let to_engine = Dialer::new(NetworkPolicy {
        trusted_ref: true,
        ..policy.clone()
    });
    let dialer = Arc::new(Dialer::new(policy));
    let (workspace, sealed) = (Arc::new(workspace), Arc::new(sealed));
    let caches = Caches::new(
        settings.cache.map(|cache| cache.user),
        key,
        settings.trust,
        Arc::clone(&workspace),
        Arc::clone(&sealed),
        Arc::clone(&journal),
    );
    let context = Arc::new(Context {
        run: folder.id.clone(),
        project,
        started: jiff::Timestamp::now().to_string(),
        trust: settings.trust,
        is_tainted,
        caches,
        source: Arc::clone(&settings.source),
        variables: Arc::new(settings.variables),
        secrets: Arc::new(settings.secrets),
        masker,
        emitter: Arc::clone(&emitter),
        journal: Arc::clone(&journal),
        workspace,
        sealed,
        docker: Arc::new(DockerAccess::new(settings.engine, Arc::new(to_engine))),
        dialer,
        scripts: settings.scripts,
        sandbox,
        plugins,
        resume: settings.resume,
    });
    let jobs: Vec<String> = selected
        .iter()
        .filter_map(|index| settings.pipeline.jobs.get(*index))
        .map(|job| job.id.value.clone())
        .collect();
    emitter.emit(Event::RunStarted {
        version: EVENT_VERSION,
        run: folder.id.clone(),
        pipeline: settings.source.name.clone(),
        trusted: settings.trust == Trust::Trusted,
        jobs,
    });
    let dispatcher = Dispatcher::new(
        Arc::clone(&context),
        Arc::clone(&settings.pipeline),
        selected,
        settings.jobs,
    );
    let outcome = dispatcher.work(&cancel).await;
    let journal_head = journal.head();
    record.finished = Some(jiff::Timestamp::now().to_string());
    record.outcome = Some(outcome);
    record.exit_code = Some(outcome.exit_code());
    record.journal_head = Some(journal_head.clone());
    folder.write(&record)?;
    emitter.emit(Event::RunFinished {
        run: folder.id.clone(),
        outcome,
        exit_code: outcome.exit_code(),
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        journal_head,
    });
    Ok(RunResult {
        run: folder.id.clone(),
        outcome,
        folder: folder.path.clone(),
    })
}

fn sandbox(settings: &RunSettings, emitter: &Arc<Emitter>) -> Result<Arc<Sandbox>, RunError> {
    let emitter = Arc::clone(emitter);
    let config = SandboxConfig {
        cache: settings.cache.clone(),
        on_compile: Some(Arc::new(move |plugin: &str| {
            emitter.emit(Event::Compiling {
                plugin: plugin.to_owned(),
            });
        })),
        compiler: settings.compiler.clone(),
    };
    Sandbox::new(config).map_err(|error| RunError::Sandbox(error.to_string()))
}

/// Masks the secrets that were given, and what earlier runs wrote into files: this one may send such a file to a server
/// without having been given what is in it, or with newer values.
fn masker(given: &BTreeMap<String, SecretValue>, held: Vec<HeldSecret>) -> Masker {
    let masker = Masker::new(
        given
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let new = held.into_iter().filter(|held| {
        let text = held.value.expose();
        let all_given = held.names.iter().all(|name| given.contains_key(name));
        !all_given || masker.mask_str(text) == text
    });
    let new: Vec<_> = new.map(|held| (held.names.join("+"), held.value)).collect();
    masker.with(new)
}
