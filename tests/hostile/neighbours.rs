//! What another process of the same account can read of a run: its memory holds secrets, so neither its memory nor its
//! environment, and no core file is ever made of it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use capstep_tests::program::{program, wait_until};
use capstep_tests::servers;

/// An account that nobody has, for tests that root runs: root may read everything.
const ACCOUNT: u32 = 48_115;

/// The account that the run has: this one, where it is not root.
fn account() -> u32 {
    match nix::unistd::geteuid() {
        user if user.is_root() => ACCOUNT,
        user => user.as_raw(),
    }
}

fn give(path: &Path) {
    if nix::unistd::geteuid().is_root() {
        chown(path, Some(ACCOUNT), Some(ACCOUNT)).unwrap();
    }
}

fn by_account(command: &mut Command) -> &mut Command {
    if nix::unistd::geteuid().is_root() {
        command.uid(ACCOUNT).gid(ACCOUNT);
    }
    command
}

/// Whether the account itself can read a file.
fn readable(path: &str) -> bool {
    let mut cat = Command::new("cat");
    cat.arg(path).stdout(Stdio::null()).stderr(Stdio::null());
    by_account(&mut cat).status().unwrap().success()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_run_is_closed_to_its_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let made = |name: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        give(&path);
        path
    };
    let (project, state, cache) = (made("project"), made("state"), made("cache"));
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).unwrap();
    let port = servers::silent();
    fs::write(
        project.join("capstep.yml"),
        format!(
            "version: 1\njobs:\n  a:\n    steps:\n      - uses: health-check\n        with: {{ url: \"http://127.0.0.1:{port}/\", \
             timeout: 10m, attempts: 1 }}\n"
        ),
    )
    .unwrap();
    // Where every account can execute it.
    let copy = folder.path().join("capstep");
    let copied = Command::new("cp").arg(program()).arg(&copy).status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(&copy);
    command
        .arg("run")
        .current_dir(&project)
        .env_clear()
        .env("HOME", &state)
        .env("XDG_STATE_HOME", &state)
        .env("XDG_CACHE_HOME", &cache)
        .env("SECRET_OF_ITS_ENVIRONMENT", "hunter2")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let running = Running(by_account(&mut command).spawn().unwrap());
    let of = |child: &Child, file: &str| format!("/proc/{}/{file}", child.id());
    // Its journal is begun when it runs; by then it has closed itself.
    wait_until("the run", || state.join("capstep").exists());

    let limits = fs::read_to_string(of(&running.0, "limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let words: Vec<&str> = core["Max core file size".len()..]
        .split_whitespace()
        .collect();
    assert_eq!(words[..2], ["0", "0"], "{core}");
    // What can't be dumped belongs to root in /proc, and to nobody else.
    let owner = fs::metadata(of(&running.0, "environ")).unwrap().uid();
    assert_eq!(owner, 0, "{} owns its environment", account());
    for file in ["environ", "mem", "maps"] {
        assert!(!readable(&of(&running.0, file)), "{file} can be read");
    }

    // An ordinary process of the same account is open to it.
    let mut sleep = Command::new("sleep");
    let sleep = Running(by_account(sleep.arg("600")).spawn().unwrap());
    wait_until("the other process", || {
        fs::read_to_string(of(&sleep.0, "comm")).is_ok_and(|name| name.trim() == "sleep")
    });
    let owner = fs::metadata(of(&sleep.0, "environ")).unwrap().uid();
    assert_eq!(owner, account());
    assert!(readable(&of(&sleep.0, "environ")));
}
