//! A machine full of things that a step must not reach.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use capstep_process::{StepEnd, StepSpec};

use super::{Answer, Place, acts, copy_program, own};

/// Sockets by name, with real listeners.
const SOCKETS: [&str; 3] = ["agent.sock", "bus", "docker.sock"];

/// What an account finds on a machine: things that are its own, and that a step must not reach.
pub struct Machine {
    pub place: Place,
    pub user: Option<u32>,
    v4: TcpListener,
    v6: TcpListener,
    udp: UdpSocket,
    abstract_name: String,
    victim: Child,
    _sockets: ([UnixListener; 3], UnixDatagram, UnixListener),
    pub shared_memory: PathBuf,
}

impl Machine {
    pub fn new(user: Option<u32>) -> Self {
        let place = Place::new();
        let home = place.path().join("home");
        fs::create_dir_all(home.join(".ssh")).unwrap();
        fs::write(home.join(".ssh/id_ed25519"), "key").unwrap();
        let tools = place.workspace().join("acts");
        copy_program(acts(), &tools);
        place.file("capstep.yml", "version: 1\n");
        place.file(".git/config", "[core]\n");
        place.file("deploy/.env", "PASSWORD=sealed\n");
        place.file("deploy/app.txt", "app\n");
        symlink(&home, place.workspace().join("link")).unwrap();
        // An ssh agent, the session's D-Bus, an engine.
        let listeners = SOCKETS.map(|name| UnixListener::bind(home.join(name)).unwrap());
        let log = UnixDatagram::bind(home.join("log.sock")).unwrap();
        for name in SOCKETS.iter().chain(&["log.sock"]) {
            fs::set_permissions(home.join(name), fs::Permissions::from_mode(0o777)).unwrap();
        }
        for path in [&home, &home.join(".ssh"), &home.join(".ssh/id_ed25519")] {
            own(path, user);
        }
        let abstract_name = place.path().to_str().unwrap().to_owned();
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let abstract_listener = UnixListener::bind_addr(&address).unwrap();
        let shared_memory = Path::new("/dev/shm").join(place.path().file_name().unwrap());
        let victim = as_account(user, Command::new("sleep").arg("1000"))
            .env("VICTIM_SECRET", "hunter2")
            .spawn()
            .unwrap();
        Self {
            v4: TcpListener::bind("127.0.0.1:0").unwrap(),
            v6: TcpListener::bind("[::1]:0").unwrap(),
            udp: UdpSocket::bind("127.0.0.1:0").unwrap(),
            place,
            user,
            abstract_name,
            victim,
            _sockets: (listeners, log, abstract_listener),
            shared_memory,
        }
    }

    /// A line with names of what is on this machine.
    pub fn line(&self, line: &str) -> String {
        let home = self.place.path().join("home");
        [
            ("@HOME", home.display().to_string()),
            ("@WORK", self.place.workspace().display().to_string()),
            ("@SHM", self.shared_memory.display().to_string()),
            (
                "@V4",
                format!("127.0.0.1 {}", self.v4.local_addr().unwrap().port()),
            ),
            (
                "@V6",
                format!("::1 {}", self.v6.local_addr().unwrap().port()),
            ),
            (
                "@UDP",
                format!("127.0.0.1 {}", self.udp.local_addr().unwrap().port()),
            ),
            ("@ABSTRACT", self.abstract_name.clone()),
            ("@VICTIM", self.victim.id().to_string()),
            ("@RUNNER", std::process::id().to_string()),
        ]
        .iter()
        .fold(line.to_owned(), |line, (name, value)| {
            line.replace(name, value)
        })
    }

    pub fn plainly(&self, line: &str) -> Output {
        let mut shell = Command::new("bash");
        shell
            .args(["-c", &self.line(line)])
            .current_dir(self.place.workspace());
        as_account(self.user, &mut shell).output().unwrap()
    }

    pub fn inside(&self, line: &str, change: impl FnOnce(&mut StepSpec)) -> Answer {
        let mut spec = self.place.spec(&self.line(line));
        spec.files.reserved = vec!["capstep.yml".into(), ".git".into(), "capstep.lock".into()];
        spec.files.hidden = vec!["deploy/.env".into()];
        change(&mut spec);
        self.place.run_as(self.user, spec)
    }

    /// Shows that an act succeeds plainly and fails inside, for the reason expected.
    #[track_caller]
    pub fn stopped(&self, line: &str, reason: &str) {
        let inside = self.inside(line, |_| {});
        let who = self.user;
        assert_eq!(inside.error, None, "{line} as {who:?}");
        let said = String::from_utf8_lossy(&inside.stderr).into_owned();
        assert!(
            !matches!(inside.end, Some(StepEnd::Exited(0))),
            "{line} as {who:?}: not stopped: {}{said}",
            String::from_utf8_lossy(&inside.stdout)
        );
        assert!(
            said.contains(reason),
            "{line} as {who:?}: stopped, but said: {said}"
        );
        let plain = self.plainly(line);
        assert!(
            plain.status.success(),
            "{line} as {who:?}: does not succeed plainly: {plain:?}"
        );
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
        let _ = fs::remove_file(&self.shared_memory);
    }
}

pub fn as_account(user: Option<u32>, command: &mut Command) -> &mut Command {
    match user {
        Some(user) => command.uid(user).gid(user),
        None => command,
    }
}
