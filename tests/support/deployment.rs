//! A team's deployment: its project, its server, its service.

use std::fs;
use std::path::PathBuf;

use crate::journal::{self, Record};
use crate::leaks;
use crate::planned_leaks::{Planted, Sides};
use crate::program::{Ran, Running};
use crate::project::Project;
use crate::proxy::Proxy;
use crate::service::Service;
use crate::sshd::Sshd;
use serde_json::Value;

/// What the planted secret is recognised by, whatever quotes a file needs around the rest of it.
pub const CANARY: &str = "cnry-5f1e0c9a7b3d42868d1f";

/// The planted secret: nothing that a reader or writer of files could get wrong is missing.
pub fn secret() -> String {
    format!("it's \"{CANARY}\" & $HOME `id` \\ #end")
}

/// The script that the pipeline runs in the new release.
const SCRIPT: &str = "set -eu
test -f VERSION
grep -q SECRET_KEY_BASE= .env
test -n \"$KEY\"
echo \"deploying $(cat VERSION) for $RAILS_ENV\"
echo \"this script is careless: $KEY\"
echo deployed > deployed
";

pub struct Deployment {
    pub sshd: Sshd,
    pub service: Service,
    pub project: Project,
}

impl Deployment {
    /// Nothing is deployed yet.
    pub fn fresh() -> Self {
        Self::with_server(Sshd::start())
    }

    /// The same on this server.
    pub fn with_server(sshd: Sshd) -> Self {
        let service = Service::start(&sshd.path("webapp/current"));
        let mut deployment = Self {
            project: Project::empty(),
            sshd,
            service,
        };
        // Temporary files of its own, so that what is left there is found.
        let temporary = deployment.temporary();
        fs::create_dir(&temporary).unwrap();
        let variable = ("TMPDIR".to_owned(), temporary.display().to_string());
        deployment.project.environment.push(variable);
        deployment.write_pipeline(deployment.sshd.port, "every: 100ms, attempts: 30");
        let project = &deployment.project;
        project.write("webapp/VERSION", "1\n");
        project.write("webapp/deploy.sh", SCRIPT);
        project.write("webapp/static/style.css", "body { color: black }\n");
        project.write("webapp/static/logo.svg", "<svg/>\n".repeat(1000));
        project.write("deploy/known_hosts", deployment.sshd.known_hosts());
        fs::write(
            project.dir.path().join("deploy_key"),
            deployment.sshd.key("user"),
        )
        .unwrap();
        fs::write(project.dir.path().join("secret_key_base"), secret()).unwrap();
        deployment
    }

    /// The pipeline, for a server behind this port and with this patience of the health check.
    pub fn write_pipeline(&self, port: u16, patience: &str) {
        let (target, folder) = (self.sshd.target_at(port), self.sshd.remote("webapp"));
        let health = self.service.url();
        self.project.write(
            "capstep.yml",
            format!(
                r#"version: 1
name: webapp
secrets: [DEPLOY_KEY, SECRET_KEY_BASE]
jobs:
  deploy:
    steps:
      - uses: env-setup
        with:
          file: .env
          vars: {{ RAILS_ENV: production, SECRET_KEY_BASE: "${{{{ secrets.SECRET_KEY_BASE }}}}" }}
      - uses: ssh-deploy
        with:
          target: {target}
          identity: "${{{{ secrets.DEPLOY_KEY }}}}"
          known-hosts: deploy/known_hosts
          release: {folder}
          upload: [{{ from: webapp/, to: . }}, {{ from: .env, to: .env }}]
          env: {{ RAILS_ENV: production, KEY: "${{{{ secrets.SECRET_KEY_BASE }}}}" }}
          run: bash deploy.sh
  check:
    needs: deploy
    steps:
      - uses: health-check
        with: {{ url: "{health}", expect: {{ json: {{ status: healthy }} }}, {patience} }}
"#
            ),
        );
    }

    /// The arguments of a run.
    pub fn arguments(&self) -> Vec<String> {
        let beside = |name: &str| self.project.dir.path().join(name).display().to_string();
        [
            "run",
            "--secret",
            &format!("DEPLOY_KEY=file:{}", beside("deploy_key")),
            "--secret",
            &format!("SECRET_KEY_BASE=file:{}", beside("secret_key_base")),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    pub fn start(&self) -> Running {
        self.start_with(&[])
    }

    fn start_with(&self, more: &[&str]) -> Running {
        let arguments = self.arguments();
        let arguments = arguments.iter().map(String::as_str);
        self.project
            .start(&arguments.chain(more.iter().copied()).collect::<Vec<_>>())
    }

    /// Plans, runs, and checks what holds of every run: that it did nothing which was not planned, and that nobody gets
    /// to see the secret.
    #[track_caller]
    pub fn run(&self) -> Ran {
        let plan = self.project.plan(&[]);
        let ran = self.start().wait();
        self.check(&plan, &ran);
        ran
    }

    /// The same for a pipeline that is called otherwise.
    #[track_caller]
    pub fn run_file(&self, file: &str) -> Ran {
        let plan = self.project.plan(&[file]);
        let ran = self.start_with(&[file]).wait();
        self.check(&plan, &ran);
        ran
    }

    /// What holds of every run, however it went: nothing was done that was not planned, no secret shows, each is where it
    /// was planned to be and nowhere else, and no temporary file is left.
    #[track_caller]
    pub fn check(&self, plan: &Value, ran: &Ran) {
        journal::assert_planned(plan, &self.project.journal());
        let key = self.key_line();
        for secret in [CANARY, &key] {
            let shows = ran.text().contains(secret);
            assert!(!shows, "the secret shows:\n{}", ran.text());
        }
        leaks::assert_only(plan, &self.planted(&key), &self.sides());
        let left: Vec<_> = fs::read_dir(self.temporary()).unwrap().flatten().collect();
        assert!(left.is_empty(), "temporary files are left: {left:?}");
    }

    /// What the user's private key is recognised by: a line from its middle.
    pub fn key_line(&self) -> String {
        self.sshd.key("user").lines().nth(2).unwrap().to_owned()
    }

    /// The secrets, and the files that the test has put them into.
    pub fn planted<'a>(&self, key: &'a str) -> [Planted<'a>; 2] {
        let beside = |name: &str| self.project.dir.path().join(name);
        [
            Planted {
                name: "SECRET_KEY_BASE",
                value: CANARY,
                given: vec![beside("secret_key_base")],
            },
            Planted {
                name: "DEPLOY_KEY",
                value: key,
                given: vec![beside("deploy_key"), self.sshd.dir.path().join("user")],
            },
        ]
    }

    pub fn sides(&self) -> Sides<'_> {
        Sides {
            here: self.project.dir.path(),
            there: self.sshd.dir.path(),
        }
    }

    /// The program's temporary files.
    fn temporary(&self) -> PathBuf {
        self.project.dir.path().join("tmp")
    }

    #[track_caller]
    pub fn journal(&self) -> Vec<Record> {
        self.project.journal()
    }

    /// The names of the releases on the server, sorted: oldest first.
    pub fn releases(&self) -> Vec<String> {
        let folder = self.sshd.path("webapp/releases");
        let mut names: Vec<String> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The folder that `current` leads to.
    pub fn current(&self) -> Option<PathBuf> {
        let link = self.sshd.path("webapp/current");
        assert!(link.is_symlink() || !link.exists(), "current is no link");
        link.canonicalize().ok()
    }

    /// A deployment whose first version is live.
    #[track_caller]
    pub fn deployed() -> Self {
        let deployment = Self::fresh();
        deployment.run().expect(0);
        assert_eq!(deployment.service.version().as_deref(), Some("1"));
        deployment
    }

    /// From now on the server is reached through this port, and asked once for its health.
    pub fn reach_through(&self, port: u16) {
        self.write_pipeline(port, "attempts: 1");
        let known_hosts = self.sshd.known_hosts_at(port);
        self.project.write("deploy/known_hosts", known_hosts);
    }

    /// A large new version, and a way to the server on which its upload comes to a halt midway, without an end.
    pub fn behind_a_stall(&self) -> Proxy {
        self.project.write("webapp/VERSION", "2\n");
        self.project.write("webapp/large.bin", vec![7; 4_000_000]);
        let proxy = Proxy::stalling(self.sshd.port, 200_000);
        self.reach_through(proxy.port);
        proxy
    }

    /// Insists that the first version is live and that nothing of a second one is there.
    #[track_caller]
    pub fn assert_untouched(&self, before: &Option<PathBuf>) {
        assert_eq!(&self.current(), before, "current was switched");
        assert_eq!(
            self.service.version().as_deref(),
            Some("1"),
            "the service is not well"
        );
        assert_eq!(
            self.releases().len(),
            1,
            "a release was left: {:?}",
            self.releases()
        );
    }
}
