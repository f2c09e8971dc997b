//! A real OpenSSH server of the test's own: loopback, a port of its own, everything in a temporary folder.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "support of tests"
)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use capstep_ssh::{
    ConnectLimits, Credentials, ExitStatus, HostKeys, Interpreter, Output, ScriptRequest, Session,
    SshError, Target, connect,
};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// Ports are picked and then bound by another process: one server of this test process starts at a time.
static STARTING: Mutex<()> = Mutex::new(());

pub struct Server {
    child: Child,
    pub port: u16,
    pub dir: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn keygen(path: &Path, kind: &str, passphrase: &str) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-C", "test", "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(status.success());
}

/// Runs `ssh-keygen`, which must succeed.
pub fn ssh_keygen(arguments: &[&str]) {
    let status = Command::new("ssh-keygen")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "ssh-keygen {arguments:?}");
}

/// The type and base64 of a public key's file.
pub fn public_key(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split(' ')
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(&["ed25519", "ecdsa"], "")
    }

    pub fn start_with(host_keys: &[&str], extra: &str) -> Self {
        Self::start_prepared(host_keys, |_| extra.to_owned())
    }

    /// As above; the configuration is made when the keys are there.
    pub fn start_prepared(host_keys: &[&str], extra: impl FnOnce(&Path) -> String) -> Self {
        let _one = STARTING
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        fs::create_dir_all("/run/sshd").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let mut config = String::new();
        for kind in host_keys {
            let path = root.join(format!("host_{kind}"));
            keygen(&path, kind, "");
            config.push_str(&format!("HostKey {}\n", path.display()));
        }
        keygen(&root.join("user"), "ed25519", "");
        keygen(&root.join("user_encrypted"), "ed25519", "open sesame");
        keygen(&root.join("stranger"), "ed25519", "");
        let mut authorized = fs::read_to_string(root.join("user.pub")).unwrap();
        authorized.push_str(&fs::read_to_string(root.join("user_encrypted.pub")).unwrap());
        fs::write(root.join("authorized_keys"), authorized).unwrap();
        let extra = extra(root);
        config.push_str(&format!(
            "AuthorizedKeysFile {root}/authorized_keys\nPidFile {root}/pid\nUsePAM no\nStrictModes no\n\
             PermitRootLogin yes\nPasswordAuthentication yes\nMaxStartups 100\nLogLevel ERROR\n\
             Subsystem sftp internal-sftp\n{extra}\n",
            root = root.display(),
        ));
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let path = root.join("sshd_config");
            fs::write(
                &path,
                format!("Port {port}\nListenAddress 127.0.0.1\n{config}"),
            )
            .unwrap();
            let mut child = Command::new("/usr/sbin/sshd")
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
                    return Self { child, port, dir };
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

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A folder on the "remote" host, with its path as text.
    pub fn remote(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn target(&self) -> Target {
        Target {
            user: "root".into(),
            host: "127.0.0.1".into(),
            port: self.port,
        }
    }

    pub fn host_key(&self, kind: &str) -> String {
        public_key(&self.path(&format!("host_{kind}.pub")))
    }

    pub fn known_hosts(&self) -> HostKeys {
        HostKeys::KnownHosts(format!(
            "[127.0.0.1]:{} {}\n",
            self.port,
            self.host_key("ed25519")
        ))
    }

    pub fn credentials(&self, name: &str, passphrase: Option<&str>) -> Credentials {
        Credentials {
            private_key: Zeroizing::new(fs::read_to_string(self.path(name)).unwrap()),
            passphrase: passphrase.map(|text| Zeroizing::new(text.to_owned())),
            certificate: None,
        }
    }

    pub async fn try_connect(
        &self,
        host_keys: &HostKeys,
        credentials: &Credentials,
    ) -> Result<Session, SshError> {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port))
            .await
            .unwrap();
        stream.set_nodelay(true).unwrap();
        connect(
            stream,
            &self.target(),
            host_keys,
            credentials,
            &ConnectLimits::default(),
        )
        .await
    }

    pub async fn connect(&self) -> Session {
        self.try_connect(&self.known_hosts(), &self.credentials("user", None))
            .await
            .unwrap()
    }
}

pub struct Ran {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Ran {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

pub async fn collect(
    run: impl Future<Output = Result<ExitStatus, SshError>>,
    mut receiver: tokio::sync::mpsc::Receiver<Output>,
) -> Result<Ran, SshError> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let gather = async {
        while let Some(piece) = receiver.recv().await {
            match piece {
                Output::Stdout(bytes) => stdout.extend_from_slice(&bytes),
                Output::Stderr(bytes) => stderr.extend_from_slice(&bytes),
            }
        }
    };
    let (status, ()) = tokio::join!(run, gather);
    Ok(Ran {
        status: status?,
        stdout,
        stderr,
    })
}

pub async fn script_in(
    session: &Session,
    script: &str,
    env: &[(String, Zeroizing<String>)],
    working_directory: Option<&str>,
    errexit: bool,
) -> Result<Ran, SshError> {
    let (sender, receiver) = tokio::sync::mpsc::channel(8);
    let request = ScriptRequest {
        script,
        env,
        working_directory,
        interpreter: Interpreter::Auto,
        errexit,
    };
    collect(session.run_script(request, sender), receiver).await
}

pub async fn script(session: &Session, text: &str) -> Ran {
    script_in(session, text, &[], None, true).await.unwrap()
}

pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
