//! A registry of the test's own: loopback, a port of its own, one account.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::http;

/// The account.
pub const USERNAME: &str = "ci";
/// Its password.
pub const PASSWORD: &str = "correct horse battery";

/// The account as `htpasswd -B` writes it, with the lowest cost: tests log in often.
const HTPASSWD: &str = "ci:$2b$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.\n";

/// A port is picked and then bound by another process: one server of this process starts at a time.
static STARTING: Mutex<()> = Mutex::new(());

/// What the keeper runs: the registry, until its standard input ends, and then everything is taken away. The input
/// ends with the process of the test, however that ends.
const KEEPER: &str = r#"
dir=$1
docker-registry serve "$dir/config.yml" </dev/null >/dev/null 2>"$dir/log" &
registry=$!
echo "$registry" >"$dir/pid"
cat >/dev/null
kill -KILL "$registry" 2>/dev/null
wait "$registry" 2>/dev/null
rm -rf "$dir"
"#;

/// A running registry. It ends, and everything of it is taken away, when this is dropped or the process ends.
pub struct Registry {
    keeper: Child,
    input: Option<ChildStdin>,
    pub port: u16,
    dir: PathBuf,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.input.take();
        let _ = self.keeper.wait();
    }
}

impl Registry {
    /// Starts one that asks for the account.
    pub fn start() -> Self {
        Self::start_with(true)
    }

    /// Starts one that asks nobody for anything.
    pub fn start_open() -> Self {
        Self::start_with(false)
    }

    fn start_with(account: bool) -> Self {
        let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..10 {
            let registry = spawn(account);
            let deadline = Instant::now() + Duration::from_secs(20);
            while Instant::now() < deadline && registry.is_running() {
                if http::tcp(registry.port, "GET", "/v2/", "").is_ok() {
                    return registry;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        panic!(
            "docker-registry, of the package docker-registry, did not start (tests/run installs it)"
        );
    }

    fn pid(&self) -> Option<u32> {
        fs::read_to_string(self.dir.join("pid"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Whether it has not ended by itself.
    fn is_running(&self) -> bool {
        self.pid()
            .is_none_or(|pid| Path::new(&format!("/proc/{pid}/exe")).exists())
    }

    /// Ends it at once; what it stores stays for a look at it.
    pub fn stop(&self) {
        let pid = self.pid().expect("it was started");
        let _ = Command::new("kill")
            .args(["-KILL", &pid.to_string()])
            .status();
        while self.is_running() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Host and port, as image names begin.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where it stores everything.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.join("log")).unwrap_or_default()).into_owned()
    }

    /// A manifest's digest, asked for past the code under test; none where there is no such image.
    pub fn digest(&self, repository: &str, tag: &str) -> Option<String> {
        let answer = http::tcp(
            self.port,
            "HEAD",
            &format!("/v2/{repository}/manifests/{tag}"),
            // `ci:correct horse battery`
            "Authorization: Basic Y2k6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5\r\n\
             Accept: application/vnd.docker.distribution.manifest.v2+json\r\n",
        )
        .unwrap();
        (answer.status == 200).then(|| {
            answer
                .headers
                .lines()
                .find_map(|line| line.strip_prefix("Docker-Content-Digest: "))
                .unwrap()
                .trim()
                .to_owned()
        })
    }
}

fn spawn(account: bool) -> Registry {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let dir = tempfile::Builder::new()
        .prefix("capstep-registry-")
        .tempdir()
        .unwrap()
        .keep();
    let root = dir.display();
    let auth = if account {
        format!("auth:\n  htpasswd:\n    realm: test\n    path: {root}/htpasswd\n")
    } else {
        String::new()
    };
    let config = format!(
        "version: 0.1\nlog:\n  level: debug\nstorage:\n  filesystem:\n    rootdirectory: {root}/data\n\
         http:\n  addr: 127.0.0.1:{port}\n{auth}"
    );
    fs::write(dir.join("htpasswd"), HTPASSWD).unwrap();
    fs::write(dir.join("config.yml"), config).unwrap();
    let mut keeper = Command::new("setsid")
        .args(["sh", "-c", KEEPER, "keeper"])
        .arg(&dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Registry {
        input: keeper.stdin.take(),
        keeper,
        port,
        dir,
    }
}
