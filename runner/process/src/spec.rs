//! What a caller asks for, and what it gets back.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::proxy::{Attempt, Origin};

/// How many processes and threads a step may have at once. A parallel build of a large project stays below it.
pub const DEFAULT_PROCESSES: u64 = 4_096;
/// How many files each process may have open: what bundlers and watchers are known to need.
pub const DEFAULT_OPEN_FILES: u64 = 16_384;
/// How large one file may grow, in bytes: more than an image layer, less than a disk.
pub const DEFAULT_FILE_SIZE: u64 = 64 << 30;
/// How long a step may take (the design's default).
pub const DEFAULT_WALL_TIME: Duration = Duration::from_secs(3_600);
/// How long a script may tidy up after `SIGTERM` before it is killed.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);
/// The lowest landlock ABI that keeps files from being truncated (Linux 6.2).
pub const MIN_LANDLOCK_ABI: u8 = 3;

/// How the runner executes itself again.
#[derive(Debug, Clone)]
pub struct Program {
    /// The program whose `main` calls `inside::enter`. `/proc/self/exe` is right for the runner itself.
    pub executable: PathBuf,
    /// Arguments before the hidden one; usually none.
    pub arguments: Vec<OsString>,
}

impl Program {
    /// The running program itself, even if its file has been replaced since it was started.
    pub fn this() -> Self {
        Self {
            executable: PathBuf::from("/proc/self/exe"),
            arguments: Vec::new(),
        }
    }
}

/// The shell that reads a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shell {
    /// `bash`, without profile; `pipefail` where it stops at errors.
    #[default]
    Bash,
    /// `sh`, whatever the system has in its place.
    Sh,
}

impl Shell {
    /// The name that is looked up in the step's `PATH`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Sh => "sh",
        }
    }
}

/// The variables of a script, in the order given. Values may be secrets: they are not shown and are wiped at the end.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// No variable.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable; one of the same name is replaced.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => {
                old.zeroize();
                *old = value;
            }
            None => self.0.push((name, value)),
        }
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(known, value)| (known == name).then_some(value))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let mut environment = Self::new();
        for (name, value) in variables {
            environment.set(name, value);
        }
        environment
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

/// What a script may see and change. Relative paths are relative to `workspace`; what is not named is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// The folder that the step works in: absolute. By itself it grants nothing.
    pub workspace: PathBuf,
    /// Files and folders that may be read, inside the workspace or (absolute) outside it. They must exist.
    pub read: Vec<PathBuf>,
    /// Files and folders that may be read and changed. They must exist.
    pub write: Vec<PathBuf>,
    /// Places that stay as they are although a folder around them may be written: `.git`, the pipeline, the lockfile,
    /// policies. One that does not exist must not exist afterwards either.
    pub reserved: Vec<PathBuf>,
    /// Sealed files (or folders) that cannot be opened although a folder around them may be read.
    pub hidden: Vec<PathBuf>,
}

impl Files {
    /// The whole workspace, writable.
    pub fn workspace(folder: impl Into<PathBuf>) -> Self {
        Self {
            workspace: folder.into(),
            read: Vec::new(),
            write: vec![PathBuf::from(".")],
            reserved: Vec::new(),
            hidden: Vec::new(),
        }
    }
}

/// What a script may reach over the network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nothing: no socket can be made.
    #[default]
    None,
    /// These origins, through the runner's proxy. Sockets of TCP can be made, in a network that has only loopback.
    Origins(Vec<Origin>),
}

/// What a step may use up. Each is a ceiling; the machine's own limits may be lower.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Processes and threads at once.
    pub processes: u64,
    /// Open files of each process.
    pub open_files: u64,
    /// Bytes of one file.
    pub file_size: u64,
    /// Bytes of memory of the whole step; needs a delegated cgroup (v2). Refused where there is none.
    pub memory: Option<u64>,
    /// Time from the start of the script.
    pub wall_time: Duration,
    /// Time between `SIGTERM` and `SIGKILL`, after `wall_time` or when the step is cancelled.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            processes: DEFAULT_PROCESSES,
            open_files: DEFAULT_OPEN_FILES,
            file_size: DEFAULT_FILE_SIZE,
            memory: None,
            wall_time: DEFAULT_WALL_TIME,
            grace: DEFAULT_GRACE,
        }
    }
}

/// What the machine must enforce for a step to start. Seccomp is always required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// The lowest acceptable landlock ABI; 0 accepts a kernel without landlock, if it has user namespaces.
    pub landlock_abi: u8,
    /// Whether a step may start without namespaces of its own. Steps that hide files or use the network never do.
    pub namespaces: bool,
    /// Whether a step without namespaces is refused if a reserved place is inside a writable folder. If not, such a
    /// place is not guarded.
    pub reserved_places: bool,
}

impl Default for Requirements {
    fn default() -> Self {
        Self {
            landlock_abi: MIN_LANDLOCK_ABI,
            namespaces: false,
            reserved_places: true,
        }
    }
}

/// A script and everything that it may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSpec {
    /// The script's text. It is handed over in a file that only the step can read.
    pub script: String,
    /// Who reads it.
    pub shell: Shell,
    /// Whether it stops at the first command that fails.
    pub errexit: bool,
    /// Its variables. `PATH`, `HOME`, `TMPDIR` and `LANG` have defaults; with a network, the proxy's are set over all.
    pub environment: Environment,
    /// Where it starts, relative to the workspace.
    pub working_directory: PathBuf,
    /// What it may see and change.
    pub files: Files,
    /// What it may reach.
    pub network: Network,
    /// What it may use up.
    pub limits: Limits,
    /// What the machine must enforce.
    pub requirements: Requirements,
}

impl StepSpec {
    /// A script in `bash`, stopping at errors, with the whole workspace and nothing else.
    pub fn new(script: impl Into<String>, workspace: impl Into<PathBuf>) -> Self {
        Self {
            script: script.into(),
            shell: Shell::default(),
            errexit: true,
            environment: Environment::new(),
            working_directory: PathBuf::from("."),
            files: Files::workspace(workspace),
            network: Network::None,
            limits: Limits::default(),
            requirements: Requirements::default(),
        }
    }
}

/// One of a script's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What happens while a script runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The sandbox is complete and the shell is being started.
    Started(Enforced),
    /// Bytes of a stream, as they came.
    Output(Stream, Vec<u8>),
    /// The script asked the proxy for something, and what became of it.
    Network(Attempt),
}

/// What is in force around a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enforced {
    /// The landlock ABI; 0 is none.
    pub landlock_abi: u8,
    /// User, mount, process, network, IPC and host name namespaces of its own.
    pub namespaces: bool,
    /// Whether `Limits::processes` counts this step's processes alone.
    pub process_limit: bool,
    /// Whether `Limits::memory` is enforced.
    pub memory_limit: bool,
}

/// How a script ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepEnd {
    /// It exited with this code.
    Exited(i32),
    /// A signal ended it.
    Signalled(i32),
    /// Its time was up; it was asked to end, and killed if it did not.
    TimedOut,
    /// The caller cancelled it; it was asked to end, and killed if it did not.
    Cancelled,
}

/// What is known when everything of a step has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How the script ended.
    pub end: StepEnd,
    /// From the start of the shell to its end.
    pub took: Duration,
    /// The largest process's peak, or the whole step's where a cgroup counts it; in bytes.
    pub peak_memory: Option<u64>,
    /// What was in force.
    pub enforced: Enforced,
    /// Attempts that the proxy refused. One is enough to fail the step.
    pub denied: Vec<Attempt>,
    /// Reserved places that did not exist before and that the script made. They have been removed; the step failed.
    pub reserved_created: Vec<PathBuf>,
}

impl Outcome {
    /// Whether the script exited with 0 and nothing was denied.
    pub fn success(&self) -> bool {
        self.end == StepEnd::Exited(0) && self.denied.is_empty() && self.reserved_created.is_empty()
    }
}
