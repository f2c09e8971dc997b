//! A team that deploys containers: an engine, a registry, a server with docker on it, and the project that uses them.

use std::cell::RefCell;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use capstep_test_engine::registry::{PASSWORD, USERNAME};
use capstep_test_engine::{Dockerd, DockerdOptions, Registry, http};
use serde_json::Value;

use crate::journal;
use crate::leftovers::Before;
use crate::program::{Ran, Running};
use crate::project::Project;
use crate::sshd::Sshd;

/// What the build's secret is recognised by.
pub const CANARY: &str = "cnry-2c7d11e05b9a4f4e9d60";

/// The script that the pipeline runs on the server: it fetches the very image that was pushed, and replaces the old
/// container by a new one; that there is no old one the first time is no failure. What `docker login` writes is gone
/// at its end.
const SCRIPT: &str = "set -eu
config=$(mktemp -d)
trap 'rm -rf \"$config\"' EXIT
printf %s \"$PASSWORD\" | docker --config \"$config\" login --username \"$ACCOUNT\" --password-stdin \"$REGISTRY\"
docker --config \"$config\" pull --quiet \"$IMAGE@$DIGEST\"
test \"$(cat VERSION)\" != unwilling
docker rm --force webapp >/dev/null 2>&1 || true
docker run --detach --name webapp --network host --volume \"$PWD/.env:/srv/.env:ro\" \"$IMAGE@$DIGEST\"
";

/// How long something may take to notice that the run it belongs to has ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// The base of the team's images, and the one that is deployed.
const BASE: &str = "FROM base\nRUN mkdir /srv\n";

pub struct Containers {
    pub engine: Dockerd,
    pub registry: Registry,
    pub sshd: Sshd,
    pub project: Project,
    /// Where the deployed container listens.
    pub port: u16,
    /// Engine and project before the last run.
    before: RefCell<Option<Before>>,
}

impl Containers {
    /// Nothing is built yet.
    pub fn fresh() -> Self {
        Self::with_engine(Dockerd::start())
    }

    /// The first version is deployed, and served.
    #[track_caller]
    pub fn deployed() -> Self {
        let containers = Self::fresh();
        containers.run().expect(0);
        containers.assert_serves("1");
        containers
    }

    /// Nothing is built yet, and the engine's disk is small.
    pub fn with_disk(size: &str) -> Self {
        Self::with_engine(Dockerd::start_with(DockerdOptions {
            disk: Some(size.to_owned()),
            ..DockerdOptions::default()
        }))
    }

    fn with_engine(engine: Dockerd) -> Self {
        let mut project = Project::empty();
        project.watch_temporary();
        project.set("DOCKER_HOST", engine.host());
        let containers = Self {
            engine,
            registry: Registry::start(),
            sshd: Sshd::start(),
            project,
            port: free_port(),
            before: RefCell::new(None),
        };
        let project = &containers.project;
        project.write("app/docker/base.Dockerfile", BASE);
        containers.write_dockerfile("RUN test -e /srv");
        containers.write_version("1");
        project.write("server/deploy.sh", SCRIPT);
        project.write("deploy/known_hosts", containers.sshd.known_hosts());
        containers.write_pipeline(&containers.registry.host());
        let beside = project.dir.path();
        fs::write(beside.join("DEPLOY_KEY"), containers.sshd.key("user")).unwrap();
        fs::write(beside.join("APP_KEY"), CANARY).unwrap();
        containers.write_password(PASSWORD);
        containers
    }

    /// Everything as it was for the first version again, whatever a test did to it.
    pub fn mend(&mut self) {
        self.project.set("DOCKER_HOST", self.engine.host());
        self.write_password(PASSWORD);
        self.write_dockerfile("RUN test -e /srv");
        self.write_version("1");
        self.project.write("server/deploy.sh", SCRIPT);
        let known_hosts = self.sshd.known_hosts();
        self.project.write("deploy/known_hosts", known_hosts);
        self.write_pipeline(&self.registry.host());
    }

    /// The password that the pipeline is given.
    pub fn write_password(&self, password: &str) {
        fs::write(self.project.dir.path().join("REGISTRY_PASSWORD"), password).unwrap();
    }

    /// What is deployed next: the image's and the server's side of it.
    pub fn write_version(&self, version: &str) {
        self.write_state(version, "healthy");
    }

    /// The same of a version that says this of itself.
    pub fn write_state(&self, version: &str, state: &str) {
        let health = format!("{{\"status\":\"{state}\",\"version\":\"{version}\"}}\n");
        self.project.write("app/www/health", health);
        self.project.write("server/VERSION", version);
    }

    /// The image's Dockerfile, with an instruction of the test's.
    pub fn write_dockerfile(&self, instruction: &str) {
        let port = self.port;
        self.project.write(
            "app/Dockerfile",
            format!(
                "FROM webapp-base\n\
                 RUN --mount=type=secret,id=app-key test -s /run/secrets/app-key && echo kept >/srv/made\n\
                 COPY www /www\n{instruction}\n\
                 CMD [\"httpd\", \"-f\", \"-p\", \"127.0.0.1:{port}\", \"-h\", \"/www\"]\n"
            ),
        );
    }

    /// The pipeline, with the registry behind this address.
    pub fn write_pipeline(&self, registry: &str) {
        self.write_pipeline_for(registry, self.sshd.port);
    }

    /// The same with the server behind this port.
    pub fn write_pipeline_for(&self, registry: &str, server: u16) {
        let known_hosts = self.sshd.known_hosts_at(server);
        self.project.write("deploy/known_hosts", known_hosts);
        let (target, folder, engine) = (
            self.sshd.target_at(server),
            self.sshd.remote("webapp"),
            self.engine.host(),
        );
        let port = self.port;
        self.project.write(
            "capstep.yml",
            format!(
                r#"version: 1
name: webapp
secrets: [APP_KEY, DEPLOY_KEY, REGISTRY_PASSWORD]
jobs:
  image:
    steps:
      - uses: docker-build
        with: {{ context: app, dockerfile: docker/base.Dockerfile, tags: webapp-base }}
      - id: web
        uses: docker-build
        with:
          context: app
          secrets: {{ app-key: "${{{{ secrets.APP_KEY }}}}" }}
          tags: "{registry}/webapp:web"
          push: true
          registry: {{ host: "{registry}", username: {USERNAME}, password: "${{{{ secrets.REGISTRY_PASSWORD }}}}" }}
    outputs:
      digest: "${{{{ steps.web.outputs.digest }}}}"
  deploy:
    needs: image
    steps:
      - uses: env-setup
        with: {{ file: .env, vars: {{ APP_KEY: "${{{{ secrets.APP_KEY }}}}" }} }}
      - uses: ssh-deploy
        with:
          target: {target}
          identity: "${{{{ secrets.DEPLOY_KEY }}}}"
          known-hosts: deploy/known_hosts
          release: {folder}
          upload: [{{ from: server/, to: . }}, {{ from: .env, to: .env }}]
          env:
            DOCKER_HOST: "{engine}"
            REGISTRY: "{registry}"
            IMAGE: "{registry}/webapp"
            DIGEST: "${{{{ needs.image.outputs.digest }}}}"
            ACCOUNT: {USERNAME}
            PASSWORD: "${{{{ secrets.REGISTRY_PASSWORD }}}}"
          run: sh deploy.sh
  check:
    needs: deploy
    steps:
      - uses: health-check
        with: {{ url: "http://127.0.0.1:{port}/health", expect: {{ json: {{ status: healthy }} }}, every: 100ms, attempts: 300 }}
"#
            ),
        );
    }

    /// Starts a run.
    pub fn start(&self) -> Running {
        *self.before.borrow_mut() = Some(Before::of(&self.engine, &self.project));
        let mut arguments = vec!["run".to_owned()];
        for name in ["APP_KEY", "DEPLOY_KEY", "REGISTRY_PASSWORD"] {
            let file: PathBuf = self.project.dir.path().join(name);
            arguments.push(format!("--secret={name}=file:{}", file.display()));
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.project.start(&arguments)
    }

    /// Plans, runs, and checks what holds of every run: nothing was done that was not planned, no secret shows, and
    /// nothing of it is left but what was deployed.
    #[track_caller]
    pub fn run(&self) -> Ran {
        let plan = self.project.plan(&[]);
        let ran = self.start().wait();
        self.check(&plan, &ran);
        ran
    }

    #[track_caller]
    pub fn check(&self, plan: &Value, ran: &Ran) {
        journal::assert_planned(plan, &self.project.journal());
        for secret in [CANARY, PASSWORD] {
            assert!(!ran.text().contains(secret), "shows:\n{}", ran.text());
        }
        self.assert_tidy();
    }

    /// Insists that nothing of the last run is left in the engine, among the processes and in files but what it is for.
    /// The server's side of a connection that was cut takes a moment to notice.
    #[track_caller]
    pub fn assert_tidy(&self) {
        let before = self.before.borrow();
        let before = before.as_ref().expect("nothing was run");
        let far = self.sshd.path("webapp");
        let mut left = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            left = before.leftovers(&self.engine, &self.project, &far);
            if left.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the run left {left:#?}");
    }

    /// Insists that this version is served, and that it is what `current` leads to on the server.
    #[track_caller]
    pub fn assert_serves(&self, version: &str) {
        assert_eq!(self.version().as_deref(), Some(version), "what is served");
        let current = self.sshd.path("webapp/current/VERSION");
        let current = fs::read_to_string(&current).unwrap_or_default();
        assert_eq!(current, version, "what `current` leads to");
    }

    /// The version that the deployed container serves; none where there is none.
    pub fn version(&self) -> Option<String> {
        let answer = http::tcp(self.port, "GET", "/health", "").ok()?;
        let health: Value = serde_json::from_slice(&answer.body).ok()?;
        Some(health["version"].as_str()?.to_owned())
    }

    /// The digest that the registry has for the image.
    pub fn pushed(&self) -> Option<String> {
        self.registry.digest("webapp", "web")
    }
}

/// A port that nobody listens on now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
