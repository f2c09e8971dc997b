//! Builds alone, without a server to deploy to: on engines that the tests of a process share, one test at a time on each.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use capstep_test_engine::registry::{PASSWORD, USERNAME};
use capstep_test_engine::{Dockerd, DockerdOptions, Registry};

use crate::journal;
use crate::leftovers::Before;
use crate::program::{Ran, Running};
use crate::project::Project;

/// How long an engine may take to notice that a run has ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// An engine whose configuration is the usual one, and one that has BuildKit turned off. They end with the process.
static BUILDKIT: OnceLock<Mutex<Dockerd>> = OnceLock::new();
static CLASSIC: OnceLock<Mutex<Dockerd>> = OnceLock::new();
static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// Which builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    BuildKit,
    Classic,
}

/// A project that builds, and an engine for as long as the test has it.
pub struct Builds {
    pub engine: MutexGuard<'static, Dockerd>,
    pub project: Project,
    before: Before,
}

impl Builds {
    /// A project with this pipeline; `REGISTRY` in it becomes the registry's host.
    pub fn new(kind: Kind, pipeline: &str) -> Self {
        let engine = engine(kind);
        let mut project = Project::empty();
        project.watch_temporary();
        project.set("DOCKER_HOST", engine.host());
        fs::write(project.dir.path().join("PASSWORD"), PASSWORD).unwrap();
        let before = Before::of(&engine, &project);
        let builds = Self {
            engine,
            project,
            before,
        };
        builds.write(pipeline);
        builds
    }

    /// Another pipeline. (A test that made another project would wait for itself.)
    pub fn write(&self, pipeline: &str) {
        let pipeline = pipeline.replace("REGISTRY", &registry().host());
        self.project.write("capstep.yml", pipeline);
    }

    /// Starts a run.
    pub fn start(&mut self, arguments: &[&str]) -> Running {
        self.before = Before::of(&self.engine, &self.project);
        let mut all = vec!["run"];
        // From a file: what is in an environment, a test that looks for it everywhere would find.
        let password = self.project.dir.path().join("PASSWORD");
        let password = format!("--secret=PASSWORD=file:{}", password.display());
        if self.project.read("capstep.yml").contains("PASSWORD") {
            all.push(&password);
        }
        all.extend(arguments);
        self.project.start(&all)
    }

    /// Plans, runs, and checks what holds of every run.
    #[track_caller]
    pub fn run(&mut self) -> Ran {
        let plan = self.project.plan(&[]);
        let ran = self.start(&[]).wait();
        journal::assert_planned(&plan, &self.project.journal());
        assert!(!ran.text().contains(PASSWORD), "shows:\n{}", ran.text());
        self.assert_tidy();
        ran
    }

    /// Engine and project as they are now.
    pub fn before(&self) -> Before {
        Before::of(&self.engine, &self.project)
    }

    /// Insists that nothing of the last run is left but the images it was to make.
    #[track_caller]
    pub fn assert_tidy(&self) {
        self.assert_tidy_since(&self.before);
    }

    /// The same of all runs since then. An image that lost its name to a newer one had one before.
    #[track_caller]
    pub fn assert_tidy_since(&self, before: &Before) {
        let mut left = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            left = before.leftovers(&self.engine, &self.project, Path::new("/no/server"));
            if left.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the run left {left:#?}");
    }

    /// What the engine knows of an image.
    #[track_caller]
    pub fn image(&self, name: &str) -> serde_json::Value {
        self.engine.ask("GET", &format!("/images/{name}/json"))
    }
}

/// A login at the registry, as the pipeline has it.
pub fn login() -> String {
    format!("{{ host: REGISTRY, username: {USERNAME}, password: \"${{{{ secrets.PASSWORD }}}}\" }}")
}

/// The registry that the tests share.
pub fn registry() -> &'static Registry {
    REGISTRY.get_or_init(Registry::start)
}

fn engine(kind: Kind) -> MutexGuard<'static, Dockerd> {
    let engine = match kind {
        Kind::BuildKit => BUILDKIT.get_or_init(|| Mutex::new(Dockerd::start())),
        Kind::Classic => CLASSIC.get_or_init(|| {
            let config = serde_json::json!({ "features": { "buildkit": false } });
            Mutex::new(Dockerd::start_with(DockerdOptions {
                config: config.as_object().unwrap().clone(),
                ..DockerdOptions::default()
            }))
        }),
    };
    // A test that failed has left the engine as it may be.
    engine.lock().unwrap_or_else(PoisonError::into_inner)
}
