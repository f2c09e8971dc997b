//! A step at the host's level: a step's authority and journal around one instance of the plugin, without the engine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use capstep_docker::{Endpoint, Surroundings};
use capstep_grants::bind::{InputScope, Knowledge, bind};
use capstep_grants::check::{Denial, StepAuthority};
use capstep_host::journal::{Actor, Journal};
use capstep_host::observer::StepObserver;
use capstep_host::protocol::{Annotation, Level, Progress};
use capstep_host::sandbox::{
    AbiKind, CacheDirectories, DeclaredInterfaces, Invocation, LoadedPlugin, RunOutcome, Sandbox,
    SandboxConfig,
};
use capstep_host::{DockerAccess, KeptValues, SealedFiles, StepRun, StepSettings, Workspace};
use capstep_net::{Dialer, NetworkPolicy};
use capstep_pipeline::expr::{Evaluated, JobStatus, Reference, Scope};
use capstep_pipeline::{Source, parse_pipeline};
use capstep_registry::{Plugin, Registry};
use capstep_secrets::Masker;
use tokio_util::sync::CancellationToken;

use crate::project::{Project, pipeline};
use crate::samples::{Samples, ratios};
use crate::{bash, report, warm};

/// Turns.
const ROUNDS: usize = 20;
/// Steps of one turn, and processes.
const STEPS: usize = 50;

/// Measures it against `bash -c true`.
pub(crate) fn measure() {
    let runtime = warm::runtime();
    let project = Project::new(&pipeline("uses: noop", 1));
    let host = Arc::new(runtime.block_on(Host::new(&project)));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let host = Arc::clone(&host);
        // On one of the runtime's own threads, as the engine's jobs are.
        let turn = runtime.spawn(async move {
            let mut times = Vec::with_capacity(STEPS);
            for _ in 0..STEPS {
                times.push(host.step().await);
            }
            times
        });
        ours.extend(runtime.block_on(turn).unwrap());
        theirs.extend((0..STEPS).map(|_| bash::once()));
    }
    let ratios = ratios(&ours, &theirs);
    report::row(
        "warm no-op step (host: authority, journal, instance)",
        &format!("{} ms", Samples::milliseconds(&ours).spread()),
        &format!(
            "`bash -c true` {} ms",
            Samples::milliseconds(&theirs).spread()
        ),
        &format!("× {}", ratios.spread()),
        Some(("≤ 0.1", ratios.quantile(0.5) <= 0.1)),
    );
}

/// What steps share.
struct Host {
    plugin: Arc<Plugin>,
    loaded: Arc<LoadedPlugin>,
    sandbox: Arc<Sandbox>,
    authority: StepAuthority,
    workspace: Arc<Workspace>,
    sealed: Arc<SealedFiles>,
    journal: Arc<Journal>,
    masker: Masker,
    dialer: Arc<Dialer>,
    docker: Arc<DockerAccess>,
    values: Arc<KeptValues>,
}

impl Host {
    async fn new(project: &Project) -> Self {
        let text = pipeline("uses: noop", 1);
        let source = Source::new("capstep.yml", &text);
        let pipeline = parse_pipeline(&source).0.unwrap();
        let plugin = Registry::new(&project.folder())
            .resolve(&pipeline, "noop")
            .unwrap();
        let step = &pipeline.jobs[0].steps[0];
        let (bound, diagnostics) = bind(&source, step, &plugin.manifest, &Nothing);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let sandbox = Sandbox::new(SandboxConfig {
            cache: Some(CacheDirectories {
                system: None,
                user: project.cache(),
            }),
            ..SandboxConfig::default()
        })
        .unwrap();
        let declared = DeclaredInterfaces::new("noop", AbiKind::World, []);
        let loaded = sandbox.load(&plugin.bytes, &declared).await.unwrap();
        let state = project.state();
        std::fs::create_dir_all(&state).unwrap();
        Self {
            authority: StepAuthority {
                manifest: Arc::clone(&plugin.manifest),
                bound,
            },
            plugin,
            loaded,
            sandbox,
            workspace: Arc::new(Workspace::open(&project.folder()).unwrap()),
            sealed: Arc::new(SealedFiles::open(&state.join("sealed"), &project.folder()).unwrap()),
            journal: Arc::new(Journal::create(&state.join("journal.jsonl")).unwrap()),
            masker: Masker::new([]),
            values: Arc::new(KeptValues::new(state.join("values.json"), None)),
            docker: Arc::new(DockerAccess::new(
                Endpoint::find(&Surroundings::default()),
                Arc::new(Dialer::new(NetworkPolicy::default())),
            )),
            dialer: Arc::new(Dialer::new(NetworkPolicy::default())),
        }
    }

    /// One step.
    async fn step(&self) -> Duration {
        let started = Instant::now();
        let cancel = CancellationToken::new();
        let step = StepRun::new(StepSettings {
            authority: self.authority.clone(),
            actor: Actor {
                run: "bench".to_owned(),
                job: "bench".to_owned(),
                step: Some(1),
                attempt: 1,
            },
            workspace: Arc::clone(&self.workspace),
            sealed: Arc::clone(&self.sealed),
            journal: Arc::clone(&self.journal),
            observer: Arc::new(Deaf),
            masker: self.masker.clone(),
            dialer: Arc::clone(&self.dialer),
            docker: Arc::clone(&self.docker),
            values: Arc::clone(&self.values),
            cancel: cancel.clone(),
        });
        let invocation = Invocation {
            cancel,
            preopens: step.mounts().unwrap(),
            ..Invocation::step(step.inputs())
        };
        let report = self
            .sandbox
            .run(&self.loaded, invocation, Arc::new(step.clone()))
            .await;
        step.close().await;
        let took = started.elapsed();
        assert!(
            matches!(report.outcome, RunOutcome::Finished { .. }),
            "{}: {:?}",
            self.plugin.name,
            report.outcome
        );
        took
    }
}

/// No values at all.
struct Nothing;

impl Scope for Nothing {
    fn lookup(&self, _: &[String]) -> Result<Evaluated, String> {
        Err("nothing is known".to_owned())
    }

    fn status(&self) -> JobStatus {
        JobStatus::Success
    }
}

impl InputScope for Nothing {
    fn knowledge(&self, _: &Reference) -> Knowledge {
        Knowledge::Written
    }
}

/// Nobody listens.
struct Deaf;

impl StepObserver for Deaf {
    fn line(&self, _: Level, _: &str) {}
    fn group(&self, _: &str) {}
    fn end_group(&self) {}
    fn progress(&self, _: &Progress) {}
    fn annotate(&self, _: &Annotation) {}
    fn denied(&self, _: &Denial) {}
}
