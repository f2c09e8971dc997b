//! A Docker engine of the test's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::{base, http};

/// What the keeper runs: the engine, until its standard input ends, and then everything is taken away, whatever state
/// it is in. The input ends with the process of the test, however that ends; so nothing stays behind even then.
const KEEPER: &str = r#"
root=$1 bridge=$2 subnet=$3 tmpfs=$4; shift 4
mkdir -p "$root/data" "$root/exec"
[ -z "$tmpfs" ] || mount -t tmpfs -o "size=$tmpfs" capstep-test "$root/data"
if ip link add "$bridge" type bridge 2>/dev/null; then
    ip addr add "$subnet.1/24" dev "$bridge" && ip link set "$bridge" up
    set -- "$@" --bridge "$bridge"
else
    set -- "$@" --bridge none
fi
dockerd "$@" </dev/null >>"$root/log" 2>&1 &
engine=$!
cat >/dev/null
kill -TERM "$engine" 2>/dev/null
for _ in $(seq 100); do kill -0 "$engine" 2>/dev/null || break; sleep 0.1; done
kill -KILL "$engine" 2>/dev/null
containerd=$(cat "$root/exec/containerd/containerd.pid" 2>/dev/null) && kill -KILL "$containerd" 2>/dev/null
awk -v root="$root/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mount; do umount -l "$mount"; done
ip link del "$bridge" 2>/dev/null
rm -rf "$root"
"#;

/// Numbers the engines of this process.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// How an engine differs from the usual one.
#[derive(Debug, Clone, Default)]
pub struct DockerdOptions {
    /// The contents of `daemon.json`.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// A size as `mount` takes it (`48m`): everything the engine stores has to fit.
    pub disk: Option<String>,
    /// More arguments.
    pub arguments: Vec<String>,
}

/// A running engine. It ends, and everything of it is taken away, when this is dropped or the process ends.
pub struct Dockerd {
    keeper: Child,
    input: Option<ChildStdin>,
    root: PathBuf,
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        self.input.take();
        let _ = self.keeper.wait();
    }
}

impl Dockerd {
    /// Starts one that has the base image ([`base::NAME`]).
    pub fn start() -> Self {
        Self::start_with(DockerdOptions::default())
    }

    /// The same with options.
    pub fn start_with(options: DockerdOptions) -> Self {
        let engine = Self::start_empty(options);
        base::load(&engine);
        engine
    }

    /// The same without any image.
    pub fn start_empty(options: DockerdOptions) -> Self {
        assert!(
            Path::new("/usr/sbin/dockerd").exists() || Path::new("/usr/bin/dockerd").exists(),
            "dockerd, of the package docker.io (tests/run installs it)"
        );
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        // Sockets have short names.
        let root = PathBuf::from(format!("/tmp/capstep-engine-{process}-{number}"));
        fs::create_dir(&root).unwrap();
        let config = root.join("daemon.json");
        fs::write(
            &config,
            serde_json::Value::Object(options.config).to_string(),
        )
        .unwrap();
        let bridge = format!("cap{process:x}n{number}");
        let subnet = format!("10.{}.{}", 200 + number % 50, process % 256);
        let mut keeper = Command::new("setsid")
            .args(["sh", "-c", KEEPER, "keeper"])
            .arg(&root)
            .arg(&bridge)
            .arg(&subnet)
            .arg(options.disk.unwrap_or_default())
            .arg("--config-file")
            .arg(&config)
            .arg("--data-root")
            .arg(root.join("data"))
            .arg("--exec-root")
            .arg(root.join("exec"))
            .arg("--pidfile")
            .arg(root.join("pid"))
            .arg("--host")
            .arg(format!("unix://{}", root.join("sock").display()))
            .args([
                "--iptables=false",
                "--ip6tables=false",
                "--ip-forward=false",
                "--ip-masq=false",
                "--userland-proxy=false",
                // Debug, so that a secret in any log would be in this one.
                "--log-level=debug",
            ])
            .args(&options.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let engine = Self {
            input: keeper.stdin.take(),
            keeper,
            root,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if http::unix(&engine.socket(), "GET", "/_ping", b"")
                .is_ok_and(|answer| answer.status == 200)
            {
                return engine;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("dockerd did not start: {}", engine.log());
    }

    /// The engine's socket.
    pub fn socket(&self) -> PathBuf {
        self.root.join("sock")
    }

    /// `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Where the engine stores everything.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// What the engine has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.root.join("log")).unwrap_or_default()).into_owned()
    }

    /// The engine's process.
    pub fn pid(&self) -> u32 {
        fs::read_to_string(self.root.join("pid"))
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    }

    /// Has the engine read a new `daemon.json`.
    pub fn reload(&self, config: &serde_json::Value) {
        let reloads = || self.log().matches("Reloaded configuration").count();
        let before = reloads();
        fs::write(self.root.join("daemon.json"), config.to_string()).unwrap();
        let status = Command::new("kill")
            .args(["-HUP", &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
        for _ in 0..200 {
            if reloads() > before {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("dockerd did not reload: {}", self.log());
    }

    /// Asks the engine something, past the code under test.
    pub fn ask(&self, method: &str, path: &str) -> serde_json::Value {
        let answer = http::unix(&self.socket(), method, path, b"").unwrap();
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        if answer.body.is_empty() {
            serde_json::Value::Null
        } else {
            answer.json()
        }
    }

    /// The ids of all images, also of those without a name.
    pub fn images(&self) -> Vec<String> {
        let mut ids: Vec<String> = self
            .ask("GET", "/images/json?all=1")
            .as_array()
            .unwrap()
            .iter()
            .map(|image| image["Id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }

    /// What an image was made by; nothing of one that was taken away since it was listed.
    pub fn history(&self, id: &str) -> String {
        let path = format!("/images/{id}/history");
        let answer = http::unix(&self.socket(), "GET", &path, b"").unwrap();
        assert!(
            answer.status < 300 || answer.status == 404,
            "{path}: {answer:?}"
        );
        if answer.status == 404 {
            return String::new();
        }
        answer.json().to_string()
    }

    /// The ids of all containers.
    pub fn containers(&self) -> Vec<String> {
        self.ask("GET", "/containers/json?all=1")
            .as_array()
            .unwrap()
            .iter()
            .map(|container| container["Id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The docker command line against this engine, with a configuration of its own.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", &self.root)
            .env("DOCKER_CONFIG", self.root.join("docker"))
            .env("DOCKER_HOST", self.host());
        command
    }
}
