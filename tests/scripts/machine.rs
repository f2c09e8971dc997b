//! A machine full of things that a script must not reach: an account's files and sockets, other processes, servers.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::PathBuf;
use std::process::{Child, Command, Output};
use std::sync::OnceLock;

use capstep_tests::program::{Ran, root, target};
use capstep_tests::project::Project;
use tempfile::TempDir;

/// An account that nobody has.
const STRANGER: u32 = 48_114;

pub(crate) struct Machine {
    pub(crate) project: Project,
    home: TempDir,
    victim: Child,
    v4: TcpListener,
    udp: UdpSocket,
    abstract_name: String,
    _sockets: Vec<UnixListener>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".ssh")).unwrap();
        fs::write(home.path().join(".ssh/id_ed25519"), "a key\n").unwrap();
        // An SSH agent, the session's D-Bus, an engine: all of them listen.
        let names = ["agent.sock", "bus", "docker.sock"];
        let mut sockets: Vec<UnixListener> = names
            .iter()
            .map(|name| UnixListener::bind(home.path().join(name)).unwrap())
            .collect();
        let abstract_name = format!("capstep-test-{}", home.path().display());
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        sockets.push(UnixListener::bind_addr(&address).unwrap());
        let project = Project::empty();
        project.write(".git/config", "[core]\n");
        copy(&acts(), &project.path("acts"));
        if is_root() {
            // A program that becomes another account when it is started.
            let other = project.path("other");
            copy(&which("id"), &other);
            chown(&other, Some(STRANGER), None).unwrap();
            fs::set_permissions(&other, fs::Permissions::from_mode(0o4755)).unwrap();
        }
        let victim = Command::new("sleep")
            .arg("1000")
            .env("VICTIM_SECRET", "hunter2")
            .spawn()
            .unwrap();
        Self {
            project,
            home,
            victim,
            v4: TcpListener::bind("127.0.0.1:0").unwrap(),
            udp: UdpSocket::bind("127.0.0.1:0").unwrap(),
            abstract_name,
            _sockets: sockets,
        }
    }

    /// A line with the names of what is on this machine.
    pub(crate) fn line(&self, line: &str) -> String {
        let (v4, udp) = (
            self.v4.local_addr().unwrap(),
            self.udp.local_addr().unwrap(),
        );
        [
            ("@HOME", self.home.path().display().to_string()),
            ("@PROJECT", self.project.folder().display().to_string()),
            ("@V4", format!("127.0.0.1 {}", v4.port())),
            ("@UDP", format!("127.0.0.1 {}", udp.port())),
            ("@ABSTRACT", self.abstract_name.clone()),
            ("@VICTIM", self.victim.id().to_string()),
            ("@OTHER", STRANGER.to_string()),
        ]
        .iter()
        .fold(line.to_owned(), |line, (name, value)| {
            line.replace(name, value)
        })
    }

    /// What comes of a line without a sandbox.
    pub(crate) fn plainly(&self, line: &str) -> Output {
        Command::new("bash")
            .args(["-c", &self.line(line)])
            .current_dir(self.project.folder())
            .output()
            .unwrap()
    }

    /// What comes of it as a step of a pipeline.
    #[track_caller]
    pub(crate) fn inside(&self, line: &str) -> Ran {
        let pipeline = serde_json::json!({
            "version": 1,
            "jobs": { "only": { "steps": [{ "run": self.line(line) }] } },
        });
        self.project.write("capstep.yml", pipeline.to_string());
        self.project.capstep(&["run"])
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// By a program of its own: whatever another test starts while this process has the file open for writing would keep it
/// from being executed.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    let copied = Command::new("cp").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
}

fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path);
    let found = folders.find_map(|folder| folder.join(name).canonicalize().ok());
    found.unwrap_or_else(|| panic!("`{name}` is needed"))
}

/// The acts of the sandbox's own tests, compiled once.
fn acts() -> PathBuf {
    static ACTS: OnceLock<PathBuf> = OnceLock::new();
    let made = ACTS.get_or_init(|| {
        let folder = target().join("tmp");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("capstep-acts-{}", std::process::id()));
        let source = root().join("runner/process/tests/sandbox/support/acts.c");
        let status = Command::new("cc")
            .args(["-O1", "-o"])
            .arg(&path)
            .arg(source)
            .status()
            .expect("cc, to compile the acts");
        assert!(status.success());
        path
    });
    made.clone()
}
