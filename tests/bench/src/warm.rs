//! A step in a running engine: from its inputs' binding to its outcome, with journal, events and grants.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use capstep_docker::{Endpoint, Surroundings};
use capstep_engine::{Cancel, Event, Outcome, RunSettings, TimedEvent};
use capstep_grants::plan::Variables;
use capstep_host::sandbox::CacheDirectories;
use capstep_host::{ScriptHost, Trust};
use capstep_pipeline::{Source, parse_pipeline};
use capstep_process::Program;
use capstep_registry::Registry;

use crate::project::{Project, pipeline};
use crate::samples::{Samples, ratios};
use crate::{bash, report};

/// Turns.
const ROUNDS: usize = 20;
/// Steps of one turn, and processes.
const STEPS: usize = 50;

/// Measures steps that do nothing and steps that write a granted file, each against `bash -c true`.
pub(crate) fn measure() {
    compare("warm no-op step (engine)", "uses: noop", Some(0.1));
    compare(
        "warm step that writes one granted file, its intent synced to disk",
        "{ uses: env-setup, with: { file: out/.env, vars: { A: b } } }",
        None,
    );
}

fn compare(what: &str, step: &str, target: Option<f64>) {
    let runtime = runtime();
    let text = pipeline(step, STEPS);
    let project = Project::new(&text);
    runtime.block_on(run(&project, &text));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.extend(runtime.block_on(run(&project, &text)));
        theirs.extend((0..STEPS).map(|_| bash::once()));
    }
    let ratios = ratios(&ours, &theirs);
    report::row(
        what,
        &format!("{} ms", Samples::milliseconds(&ours).spread()),
        &format!(
            "`bash -c true` {} ms",
            Samples::milliseconds(&theirs).spread()
        ),
        &format!("× {}", ratios.spread()),
        target.map(|target| ("≤ 0.1", ratios.quantile(0.5) <= target)),
    );
}

/// As `capstep run` has one: a thread a job at once, and one for the rest.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads + 1)
        .enable_all()
        .build()
        .unwrap()
}

/// One run; gives how long each step took, from its start to that of the next one or the job's end.
async fn run(project: &Project, text: &str) -> Vec<Duration> {
    let starts = Arc::new(Mutex::new(Vec::with_capacity(STEPS + 1)));
    let heard = Arc::clone(&starts);
    let listener = move |event: &TimedEvent| {
        if matches!(
            event.event,
            Event::StepStarted { .. } | Event::JobFinished { .. }
        ) {
            heard.lock().unwrap().push(Instant::now());
        }
    };
    let result = capstep_engine::run(settings(project, text), listener, Cancel::default())
        .await
        .unwrap();
    assert_eq!(result.outcome, Outcome::Passed);
    let starts = starts.lock().unwrap();
    assert_eq!(starts.len(), STEPS + 1);
    starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn settings(project: &Project, text: &str) -> RunSettings {
    let source = Source::new("capstep.yml", text);
    let (pipeline, diagnostics) = parse_pipeline(&source);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let folder: &Path = &project.folder();
    RunSettings {
        source: Arc::new(source),
        pipeline: Arc::new(pipeline.unwrap()),
        registry: Arc::new(Registry::new(folder)),
        cache: Some(CacheDirectories {
            system: None,
            user: project.cache(),
        }),
        variables: Variables::default(),
        secrets: Default::default(),
        trust: Trust::Trusted,
        workspace: folder.to_owned(),
        state: project.state(),
        engine: Endpoint::find(&Surroundings::default()),
        compiler: None,
        scripts: ScriptHost {
            program: Program::this(),
            scratch: std::env::temp_dir(),
        },
        jobs: 1,
        only: Vec::new(),
        resume: None,
    }
}
