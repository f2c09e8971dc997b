//! Workspaces, runners and acts for the tests.

pub mod machine;
mod request;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use capstep_process::{
    Event, Host, Outcome, ProcessError, Program, StepEnd, StepSpec, Stream, run,
};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use request::{Answer, Request, TestUpstream};

/// An account that exists nowhere: an unprivileged user.
pub const USER: u32 = 48_113;

/// Longer than any step of the tests takes, even on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A folder of a test, with a workspace and room for private folders, usable by every account.
pub struct Place {
    pub folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("capstep-process-")
            .tempdir()
            .unwrap();
        let place = Self { folder };
        for path in [
            place.folder.path().to_owned(),
            place.workspace(),
            place.scratch(),
        ] {
            fs::create_dir_all(&path).unwrap();
            open(&path);
        }
        place
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn workspace(&self) -> PathBuf {
        self.path().join("workspace")
    }

    pub fn scratch(&self) -> PathBuf {
        self.path().join("scratch")
    }

    /// A file in the workspace.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.workspace().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub fn spec(&self, script: &str) -> StepSpec {
        let mut spec = StepSpec::new(script, self.workspace());
        spec.limits.grace = Duration::from_secs(2);
        spec
    }

    pub fn host(&self) -> Host {
        Host {
            program: Program {
                executable: env!("CARGO_BIN_EXE_capstep-process-inside").into(),
                arguments: Vec::new(),
            },
            scratch: self.scratch(),
            upstream: Some(Arc::new(TestUpstream)),
        }
    }

    /// Runs a spec in this process.
    pub async fn run(&self, spec: StepSpec) -> Ran {
        let (events, received) = mpsc::channel(16);
        let host = self.host();
        let (outcome, mut ran) = tokio::join!(
            run(&host, spec, events, CancellationToken::new()),
            collect(received)
        );
        ran.outcome = Some(outcome);
        ran
    }

    /// Runs a spec in a runner of the account `user`.
    pub fn run_as(&self, user: Option<u32>, spec: StepSpec) -> Answer {
        self.run_by(user, &[], spec)
    }

    /// The same, with the runner started by another program.
    pub fn run_by(&self, user: Option<u32>, starter: &[&str], spec: StepSpec) -> Answer {
        let mut words: Vec<&str> = starter.to_vec();
        let program = program().to_str().unwrap().to_owned();
        words.extend([program.as_str(), "launch"]);
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(user) = user {
            give(&self.workspace(), user);
            give(&self.scratch(), user);
            command.uid(user).gid(user);
        }
        let request = Request {
            spec,
            scratch: self.scratch(),
        };
        let mut child = command.spawn().unwrap();
        let text = serde_json::to_vec(&request).unwrap();
        child.stdin.take().unwrap().write_all(&text).unwrap();
        let output = child.wait_with_output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }
}

/// The accounts that steps are run by: this one, and an unprivileged one if this is root.
pub fn accounts() -> Vec<Option<u32>> {
    match nix::unistd::geteuid().is_root() {
        true => vec![None, Some(USER)],
        false => vec![None],
    }
}

fn open(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Gives a tree to an account.
fn give(path: &Path, user: u32) {
    std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
    if fs::symlink_metadata(path).unwrap().is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

/// Copies a program, for every account to execute. By a program of its own: whatever another test starts while this
/// process has the file open for writing would keep it from being executed.
pub fn copy_program(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
    open(to);
}

/// A folder that lasts as long as the tests, readable for every account.
fn shared() -> &'static Path {
    static SHARED: OnceLock<TempDir> = OnceLock::new();
    SHARED
        .get_or_init(|| {
            let folder = tempfile::Builder::new()
                .prefix("capstep-process-shared-")
                .tempdir()
                .unwrap();
            open(folder.path());
            folder
        })
        .path()
}

/// The tests' program, where every account can execute it.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = shared().join("inside");
        copy_program(
            Path::new(env!("CARGO_BIN_EXE_capstep-process-inside")),
            &path,
        );
        path
    })
}

/// The acts, compiled once.
pub fn acts() -> &'static Path {
    static ACTS: OnceLock<PathBuf> = OnceLock::new();
    ACTS.get_or_init(|| {
        let path = shared().join("acts");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sandbox/support/acts.c");
        let status = Command::new("cc")
            .args(["-O1", "-Wall", "-Werror", "-o"])
            .arg(&path)
            .arg(source)
            .status()
            .unwrap();
        assert!(status.success(), "cc is needed to compile the acts");
        open(&path);
        path
    })
}

/// What came of a step.
#[derive(Default)]
pub struct Ran {
    pub outcome: Option<Result<Outcome, ProcessError>>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub attempts: Vec<String>,
}

impl Ran {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    #[track_caller]
    pub fn outcome(&self) -> &Outcome {
        match self.outcome.as_ref().unwrap() {
            Ok(outcome) => outcome,
            Err(error) => panic!("{error}"),
        }
    }

    #[track_caller]
    pub fn error(&self) -> String {
        match self.outcome.as_ref().unwrap() {
            Ok(outcome) => panic!("{outcome:?} {} {}", self.out(), self.err()),
            Err(error) => error.to_string(),
        }
    }

    #[track_caller]
    pub fn passed(&self) -> String {
        assert_eq!(
            self.outcome().end,
            StepEnd::Exited(0),
            "{} {}",
            self.out(),
            self.err()
        );
        self.out()
    }
}

pub async fn collect(mut events: mpsc::Receiver<Event>) -> Ran {
    let mut ran = Ran::default();
    while let Some(event) = events.recv().await {
        match event {
            Event::Output(Stream::Stdout, bytes) => ran.stdout.extend(bytes),
            Event::Output(Stream::Stderr, bytes) => ran.stderr.extend(bytes),
            Event::Network(attempt) => ran.attempts.push(attempt.to_string()),
            Event::Started(_) => {}
        }
    }
    ran
}

/// Waits until something is so.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !so() {
        assert!(std::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Gives a file to an account.
pub fn own(path: &Path, user: Option<u32>) {
    if let Some(user) = user {
        chown(path, Some(user), Some(user)).unwrap();
    }
}
