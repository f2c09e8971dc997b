//! A real OpenSSH server of the test's own: loopback, a port of its own, everything in a temporary folder.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where distributions put the server.
const SERVERS: [&str; 4] = [
    "/usr/sbin/sshd",
    "/usr/local/sbin/sshd",
    "/sbin/sshd",
    "/usr/bin/sshd",
];

/// A port is picked and then bound by another process: one server of this process starts at a time.
static STARTING: Mutex<()> = Mutex::new(());

/// A running server. Accounts: the one that runs the tests, by the key in `user`; `stranger` is a key it doesn't know.
pub struct Sshd {
    child: Child,
    pub port: u16,
    pub dir: TempDir,
    user: String,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keygen(path: &Path, kind: &str) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", "", "-C", "test", "-f"])
        .arg(path)
        .status()
        .expect("ssh-keygen, of the package openssh-client");
    assert!(status.success());
}

impl Sshd {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts one with more lines of `sshd_config`.
    pub fn start_with(more: &str) -> Self {
        Self::start_prepared(|_| more.to_owned())
    }

    /// The same, with lines that are made when the keys are there, from their folder.
    pub fn start_prepared(more: impl FnOnce(&Path) -> String) -> Self {
        let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let server = SERVERS.iter().find(|path| Path::new(path).exists());
        let server = server.expect("sshd, of the package openssh-server (tests/run installs it)");
        let user = nix::unistd::User::from_uid(nix::unistd::getuid())
            .unwrap()
            .unwrap()
            .name;
        if user == "root" {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_owned();
        let mut config = String::new();
        for kind in ["ed25519", "ecdsa"] {
            let path = root.join(format!("host_{kind}"));
            keygen(&path, kind);
            config.push_str(&format!("HostKey {}\n", path.display()));
        }
        keygen(&root.join("user"), "ed25519");
        keygen(&root.join("stranger"), "ed25519");
        fs::copy(root.join("user.pub"), root.join("authorized_keys")).unwrap();
        fs::create_dir(root.join("srv")).unwrap();
        config.push_str(&format!(
            "AuthorizedKeysFile {root}/authorized_keys\nPidFile {root}/pid\nUsePAM no\nStrictModes no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 100\n\
             Subsystem sftp internal-sftp\n",
            root = root.display(),
        ));
        let mut more = more(&root);
        if !more.contains("LogLevel") {
            more.push_str("LogLevel VERBOSE\n");
        }
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let path = root.join("sshd_config");
            fs::write(
                &path,
                format!("Port {port}\nListenAddress 127.0.0.1\n{config}{more}"),
            )
            .unwrap();
            let mut child = Command::new(server)
                .args(["-D", "-e", "-f"])
                .arg(&path)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(fs::File::create(root.join("log")).unwrap())
                .spawn()
                .unwrap();
            let deadline = Instant::now() + Duration::from_secs(10);
            while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self {
                        child,
                        port,
                        dir,
                        user,
                    };
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!(
            "sshd did not start: {:?}",
            fs::read_to_string(root.join("log"))
        );
    }

    /// `user@127.0.0.1:port`, for a pipeline.
    pub fn target(&self) -> String {
        self.target_at(self.port)
    }

    /// The same behind another port.
    pub fn target_at(&self, port: u16) -> String {
        format!("{}@127.0.0.1:{port}", self.user)
    }

    /// The account.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// A path on the "remote" host.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("srv").join(name)
    }

    /// That path as text.
    pub fn remote(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// A private key: `user` or `stranger`.
    pub fn key(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    /// The public half of a host key: `ssh-ed25519 AAAA…`.
    pub fn host_key(&self, kind: &str) -> String {
        let text = fs::read_to_string(self.dir.path().join(format!("host_{kind}.pub"))).unwrap();
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// The right line for `known_hosts`.
    pub fn known_hosts(&self) -> String {
        self.known_hosts_at(self.port)
    }

    /// The same behind another port.
    pub fn known_hosts_at(&self, port: u16) -> String {
        format!("[127.0.0.1]:{port} {}\n", self.host_key("ed25519"))
    }

    /// A fingerprint as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self, name: &str) -> String {
        let output = Command::new("ssh-keygen")
            .arg("-lf")
            .arg(self.dir.path().join(format!("{name}.pub")))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split(' ').nth(1).unwrap().to_owned()
    }

    /// What the server logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap()
    }
}
