//! The dispatcher: owns the run. It alone decides which job starts when, and what the run came to.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use capstep_grants::plan::Variables;
use capstep_host::journal::Journal;
use capstep_host::sandbox::{Sandbox, SandboxConfig};
use capstep_host::{SealedFiles, Workspace};
use capstep_net::{Dialer, NetworkPolicy};
use capstep_pipeline::expr::JobStatus;
use capstep_pipeline::{Pipeline, Source};
use capstep_secrets::{Masker, SecretValue};
use tokio::task::JoinSet;

use crate::cancel::Cancel;
use crate::emitter::{Emitter, Listener};
use crate::error::RunError;
use crate::event::{EVENT_VERSION, Event, Outcome, TimedEvent};
use crate::job::{self, JobEnded};
use crate::plugins::{self, Ready};
use crate::scope::{Outputs, RunScope};
use crate::settings::{RunResult, RunSettings};
use crate::state::{RunFolder, project_folder, project_key};

/// What all jobs of a run share.
pub(crate) struct Context {
    pub(crate) run: String,
    pub(crate) source: Arc<Source>,
    pub(crate) variables: Arc<Variables>,
    pub(crate) secrets: Arc<BTreeMap<String, SecretValue>>,
    pub(crate) masker: Masker,
    pub(crate) emitter: Arc<Emitter>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) sealed: Arc<SealedFiles>,
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) plugins: HashMap<String, Arc<Ready>>,
}

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
    let selected = selected(&settings.pipeline, &settings.only)?;
    let workspace = Workspace::open(&settings.workspace).map_err(|error| RunError::Workspace {
        path: settings.workspace.clone(),
        message: error.to_string(),
    })?;
    // Whatever the pipeline's file is called, no step reaches it.
    let file = std::path::Path::new(&settings.source.name);
    let workspace = match file.file_name().and_then(std::ffi::OsStr::to_str) {
        Some(file) => workspace.reserving(file),
        None => workspace,
    };
    let name = settings
        .pipeline
        .name
        .as_ref()
        .map(|name| name.value.as_str());
    let project = project_folder(&settings.state, &project_key(name, workspace.path()))?;
    let sealed = SealedFiles::open(&project).map_err(|error| RunError::State {
        path: project.clone(),
        message: error.to_string(),
    })?;
    let folder = RunFolder::create(&settings.state)?;
    let emitter = Arc::new(Emitter::new(
        Box::new(listener) as Listener,
        folder.events()?,
    ));
    let sandbox = sandbox(&settings, &emitter)?;
    let plugins =
        plugins::load(&settings.pipeline, &selected, &settings.registry, &sandbox).await?;
    let journal = Arc::new(folder.journal()?);
    let mut record = folder.record(&settings.source, workspace.path());
    folder.write(&record)?;

    let masker = Masker::new(
        settings
            .secrets
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let context = Arc::new(Context {
        run: folder.id.clone(),
        source: Arc::clone(&settings.source),
        variables: Arc::new(settings.variables),
        secrets: Arc::new(settings.secrets),
        masker,
        emitter: Arc::clone(&emitter),
        journal: Arc::clone(&journal),
        workspace: Arc::new(workspace),
        sealed: Arc::new(sealed),
        dialer: Arc::new(Dialer::new(NetworkPolicy::default())),
        sandbox,
        plugins,
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
        jobs,
    });
    let mut dispatcher = Dispatcher {
        context: Arc::clone(&context),
        pipeline: Arc::clone(&settings.pipeline),
        waiting: selected,
        running: JoinSet::new(),
        ended: HashMap::new(),
        limit: settings.jobs.max(1),
    };
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
    };
    Sandbox::new(config).map_err(|error| RunError::Sandbox(error.to_string()))
}

/// The jobs to run, in the order written: those named and what they need.
fn selected(pipeline: &Pipeline, only: &[String]) -> Result<Vec<usize>, RunError> {
    let index_of = |id: &str| pipeline.jobs.iter().position(|job| job.id.value == id);
    if only.is_empty() {
        return Ok((0..pipeline.jobs.len()).collect());
    }
    let mut wanted: HashSet<usize> = HashSet::new();
    let mut stack = Vec::new();
    for id in only {
        stack.push(index_of(id).ok_or_else(|| RunError::UnknownJob(id.clone()))?);
    }
    while let Some(index) = stack.pop() {
        if wanted.insert(index)
            && let Some(job) = pipeline.jobs.get(index)
        {
            stack.extend(job.needs.iter().filter_map(|need| index_of(&need.value)));
        }
    }
    let mut wanted: Vec<usize> = wanted.into_iter().collect();
    wanted.sort_unstable();
    Ok(wanted)
}

struct Dispatcher {
    context: Arc<Context>,
    pipeline: Arc<Pipeline>,
    waiting: Vec<usize>,
    running: JoinSet<JobEnded>,
    ended: HashMap<String, (Outcome, Outputs)>,
    limit: usize,
}

impl Dispatcher {
    async fn work(&mut self, cancel: &Cancel) -> Outcome {
        let mut told = false;
        loop {
            self.start_ready(cancel);
            if self.running.is_empty() {
                break;
            }
            tokio::select! {
                // A request to end comes first: that it was heard is told even where the last job ends at once.
                biased;
                () = cancel.soft.cancelled(), if !told => {
                    told = true;
                    self.context.emitter.emit(Event::Cancelling);
                }
                joined = self.running.join_next() => {
                    if let Some(joined) = joined {
                        self.note(joined);
                    }
                }
                () = cancel.hard.cancelled() => {
                    self.running.shutdown().await;
                    return Outcome::Cancelled;
                }
            }
        }
        let worst = self
            .ended
            .values()
            .map(|(outcome, _)| *outcome)
            .max()
            .unwrap_or(Outcome::Passed);
        match worst {
            Outcome::Skipped => Outcome::Passed,
            _ if cancel.soft.is_cancelled() && worst != Outcome::Passed => Outcome::Cancelled,
            other => other,
        }
    }

    fn note(&mut self, joined: Result<JobEnded, tokio::task::JoinError>) {
        match joined {
            Ok(ended) => {
                self.ended.insert(ended.id, (ended.outcome, ended.outputs));
            }
            // A job's own steps are guarded one by one; what breaks here is the engine itself.
            Err(_) => {
                self.ended
                    .insert(String::new(), (Outcome::Infrastructure, Outputs::new()));
            }
        }
    }

    /// Starts what can start, and settles what never will; one settled job may settle another.
    fn start_ready(&mut self, cancel: &Cancel) {
        loop {
            let mut changed = false;
            let mut still = Vec::new();
            for index in std::mem::take(&mut self.waiting) {
                let Some(job) = self.pipeline.jobs.get(index).cloned() else {
                    continue;
                };
                let ready = job
                    .needs
                    .iter()
                    .all(|need| self.ended.contains_key(&need.value));
                if !ready || (self.running.len() >= self.limit && !cancel.soft.is_cancelled()) {
                    still.push(index);
                    continue;
                }
                changed = true;
                let needs: HashMap<String, Outputs> = job
                    .needs
                    .iter()
                    .filter_map(|need| {
                        self.ended
                            .get(&need.value)
                            .map(|(_, outputs)| (need.value.clone(), outputs.clone()))
                    })
                    .collect();
                let status = self.status_of(&job);
                let scope = RunScope {
                    run: self.context.run.clone(),
                    variables: Arc::clone(&self.context.variables),
                    secrets: Arc::clone(&self.context.secrets),
                    steps: HashMap::new(),
                    needs: needs.clone(),
                    status,
                };
                let reason = if cancel.soft.is_cancelled() {
                    Some(("the run was cancelled".to_owned(), Outcome::Cancelled))
                } else {
                    match job::due(job.condition.as_ref(), &scope) {
                        Ok(true) => None,
                        Ok(false) if status == JobStatus::Success => {
                            Some(("its condition is false".to_owned(), Outcome::Skipped))
                        }
                        Ok(false) => Some((
                            "a job that it needs did not pass".to_owned(),
                            Outcome::Skipped,
                        )),
                        Err(message) => Some((
                            format!("its condition can't be evaluated: {message}"),
                            Outcome::Failed,
                        )),
                    }
                };
                match reason {
                    None => {
                        let context = Arc::clone(&self.context);
                        self.running.spawn(job::run(
                            context,
                            job,
                            needs,
                            status,
                            cancel.soft.clone(),
                        ));
                    }
                    Some((reason, outcome)) => {
                        let id = job.id.value.clone();
                        self.context.emitter.emit(Event::JobSkipped {
                            job: id.clone(),
                            reason,
                        });
                        self.ended.insert(id, (outcome, Outputs::new()));
                    }
                }
            }
            self.waiting = still;
            if !changed {
                return;
            }
        }
    }

    fn status_of(&self, job: &capstep_pipeline::Job) -> JobStatus {
        let outcomes = job
            .needs
            .iter()
            .filter_map(|need| self.ended.get(&need.value))
            .map(|(outcome, _)| *outcome);
        match outcomes.max() {
            None | Some(Outcome::Passed) => JobStatus::Success,
            Some(Outcome::Cancelled) => JobStatus::Cancelled,
            Some(_) => JobStatus::Failure,
        }
    }
}
