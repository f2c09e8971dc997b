//! The built program, run as a user runs it.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::watch::Watch;

/// Longer than any run of these tests takes on a busy machine: one that takes longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The target folder, as cargo uses it here.
pub fn target() -> PathBuf {
    if let Some(folder) = std::env::var_os("CARGO_TARGET_DIR") {
        return root().join(folder);
    }
    // `<target>/release/deps/<test>`
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().to_owned()
}

/// The built program. `tests/run` builds it before; a test that is run by itself builds it first, so that it never
/// tests an old one.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("CAPSTEP_TEST_PROGRAM") {
        Some(path) => path.into(),
        None => {
            cargo(&["build", "--release", "--locked", "-p", "capstep"]);
            target().join("release/capstep")
        }
    })
}

/// Runs cargo in the repository.
pub fn cargo(arguments: &[&str]) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root())
        .args(arguments)
        .env("CARGO_TARGET_DIR", target())
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "cargo {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
    /// The time that processors worked for it, which a busy machine doesn't make longer.
    pub worked: Duration,
    /// The most memory that it held, in bytes.
    pub peak: u64,
}

impl Ran {
    /// The exit code; a signal's number plus 128.
    pub fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        self.status
            .code()
            .unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    /// What it said to people and to programs.
    pub fn text(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Insists on an exit code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "exit code; output:\n{}", self.text());
        self
    }

    /// Insists on a text in the output.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.text().contains(text),
            "`{text}` is not in the output:\n{}",
            self.text()
        );
        self
    }

    /// Insists on a text's absence.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        assert!(
            !self.text().contains(text),
            "`{text}` is in the output:\n{}",
            self.text()
        );
        self
    }
}

/// A run that goes on.
pub struct Running {
    pub child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
    started: Instant,
    /// What it is held against when it has ended.
    pub(crate) watch: Option<Watch>,
}

/// Starts a command with its output collected.
pub fn start(command: &mut Command) -> Running {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let collect = |mut pipe: Box<dyn std::io::Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.read_to_end(&mut bytes);
            bytes
        })
    };
    let _ = (&mut stdout, &mut stderr);
    Running {
        child,
        stdout: collect(Box::new(stdout)),
        stderr: collect(Box::new(stderr)),
        started,
        watch: None,
    }
}

impl Running {
    /// Waits for the end, at most [`PATIENCE`]; five times as long for the large tests. Whatever a run of a project did was
    /// planned.
    #[track_caller]
    pub fn wait(mut self) -> Ran {
        // The large forms move gigabytes.
        let patience = PATIENCE * crate::scale::size(1, 5);
        let (mut peak, mut worked) = (0, Duration::ZERO);
        let status = loop {
            peak = peak.max(memory(self.child.id()));
            worked = worked.max(processor_time(self.child.id()));
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.started.elapsed() > patience {
                let _ = self.child.kill();
                let _ = self.child.wait();
                let said = String::from_utf8_lossy(&self.stderr.join().unwrap()).into_owned();
                panic!("it did not end within {patience:?}; it said:\n{said}");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = self.started.elapsed();
        let text = |bytes: JoinHandle<Vec<u8>>| {
            String::from_utf8_lossy(&bytes.join().unwrap()).into_owned()
        };
        let ran = Ran {
            status,
            stdout: text(self.stdout),
            stderr: text(self.stderr),
            took,
            worked,
            peak,
        };
        if let Some(watch) = self.watch {
            watch.check(&ran);
        }
        ran
    }

    /// Sends a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let process = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _ = nix::sys::signal::kill(process, signal);
    }
}

/// Waits for something that happens within a minute.
#[track_caller]
pub fn wait_until(what: &str, mut happens: impl FnMut() -> bool) {
    let started = Instant::now();
    while !happens() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{what} did not happen"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How many of its units Linux counts in a second for programs, on every machine that these tests run on.
const TICKS: u64 = 100;

/// The time that processors worked for a process so far.
fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name before it stands in brackets, and may hold any. Then come its state and eleven numbers before these two.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// The most memory that a process has held so far, in bytes.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kibibytes.unwrap_or(0_u64) * 1024
}

/// The program with these arguments, in an environment of its own.
pub fn capstep<S: AsRef<OsStr>>(folder: &Path, state: &Path, arguments: &[S]) -> Command {
    let mut command = Command::new(program());
    command
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", state)
        .env("LANG", "C.UTF-8")
        .env("XDG_STATE_HOME", state)
        .env("XDG_CACHE_HOME", cache());
    command
}

/// Compiled plugins are the same for all tests.
pub fn cache() -> PathBuf {
    target().join("tmp/capstep-test-cache")
}
