//! Acts that must fail inside, each shown to succeed when the same account does it plainly.
//!
//! As root the tests run every act twice: by root, whose steps must be as shut in as anybody's, and by an account
//! without privileges.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::machine::{Machine, as_account};
use crate::support::{Place, accounts, acts, copy_program, own};
use capstep_process::StepEnd;

/// Who can do an act at all.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    Everybody,
    Root,
}

/// Each act, for each account that can do it.
#[track_caller]
fn check(acts: &[(Who, &str, &str)]) {
    for user in accounts() {
        let root = user.is_none() && nix::unistd::geteuid().is_root();
        let machine = Machine::new(user);
        for (who, line, reason) in acts {
            if *who == Everybody || root {
                machine.stopped(line, reason);
            }
        }
    }
}

use Who::{Everybody, Root};

#[test]
fn files_of_the_account_and_of_the_system() {
    check(&[
        (
            Everybody,
            "./acts read @HOME/.ssh/id_ed25519",
            "No such file",
        ),
        (
            Everybody,
            "./acts read link/.ssh/id_ed25519",
            "No such file",
        ),
        (
            Everybody,
            "./acts read ../home/.ssh/id_ed25519",
            "No such file",
        ),
        (
            Everybody,
            "./acts read /proc/self/root@HOME/.ssh/id_ed25519",
            "No such file",
        ),
        (
            Everybody,
            "./acts read /proc/self/cwd/../home/.ssh/id_ed25519",
            "No such file",
        ),
        (Everybody, "./acts read /proc/@RUNNER/comm", "No such file"),
        (Everybody, "ls @HOME", "No such file"),
        (Root, "./acts read /etc/shadow", "Permission denied"),
        (
            Root,
            "chmod 644 /etc/shadow && chmod 640 /etc/shadow",
            "Read-only file system",
        ),
        (Root, "./acts read /root/.bashrc", "No such file"),
        (Everybody, "ls /sys/kernel", "No such file"),
        (Everybody, "ls /var/lib", "No such file"),
    ]);
}

#[test]
fn writing_outside() {
    check(&[
        (Everybody, "./acts write @HOME/new", "No such file"),
        (Everybody, "./acts write link/new", "No such file"),
        (
            Everybody,
            "ln @HOME/.ssh/id_ed25519 hard && ./acts write hard",
            "No such file",
        ),
        (
            Everybody,
            "echo x > moved && mv moved @HOME/",
            "cannot create",
        ),
        (
            Everybody,
            "./acts write /proc/self/root@HOME/new2",
            "No such file",
        ),
        (
            Everybody,
            "./acts write @HOME/../new || ./acts write @HOME/new3",
            "No such file",
        ),
        (
            Root,
            "./acts write /etc/capstep-test && rm /etc/capstep-test",
            "Read-only file system",
        ),
        (
            Root,
            "./acts write /usr/capstep-test && rm /usr/capstep-test",
            "Read-only file system",
        ),
        (Root, "./acts times /etc/passwd", "Read-only file system"),
        (
            Root,
            "./acts chmod /usr/share/doc && chmod 755 /usr/share/doc",
            "Read-only file system",
        ),
        (
            Root,
            "./acts chmod /run && chmod 755 /run",
            "Read-only file system",
        ),
        (
            Root,
            "mkdir /capstep-test && rmdir /capstep-test",
            "cannot create",
        ),
        (
            Root,
            "cat /proc/sys/kernel/panic | tee /proc/sys/kernel/panic",
            "tee: ",
        ),
    ]);
}

#[test]
fn shared_memory_is_not_the_machines() {
    for user in accounts() {
        let machine = Machine::new(user);
        let inside = machine.inside("./acts write @SHM", |_| {});
        assert!(inside.success, "{inside:?}");
        assert!(!machine.shared_memory.exists());
        assert!(machine.plainly("./acts write @SHM").status.success());
        assert!(machine.shared_memory.exists());
        let inside = machine.inside("./acts read @SHM", |_| {});
        assert!(!inside.success);
    }
}

#[test]
fn sealed_files_and_reserved_places() {
    check(&[
        (Everybody, "cat deploy/.env", "Permission denied"),
        (
            Everybody,
            "chmod 600 deploy/.env && cat deploy/.env",
            "Read-only file system",
        ),
        (
            Everybody,
            "rm -rf copy; cp -r deploy copy && cat copy/.env",
            "Permission denied",
        ),
        (
            Everybody,
            "mv deploy deploy2 && cat deploy2/.env && mv deploy2 deploy",
            "busy",
        ),
        (
            Everybody,
            "ln deploy/.env hard && cat hard && rm hard",
            "cross-device",
        ),
        (
            Everybody,
            "mv deploy/.env x && cat x && mv x deploy/.env",
            "",
        ),
        (
            Everybody,
            "tar cf - deploy/.env | wc -c",
            "Permission denied",
        ),
        (Everybody, "echo x >> capstep.yml", "capstep.yml"),
        (Everybody, "chmod 777 capstep.yml", "Read-only file system"),
        (Everybody, "sed -i s/1/2/ capstep.yml", "busy"),
        (Everybody, "mv capstep.yml x && mv x capstep.yml", "busy"),
        (
            Everybody,
            "rm capstep.yml && echo 'version: 1' > capstep.yml",
            "busy",
        ),
        (Everybody, "echo x > new && mv new capstep.yml", "busy"),
        (Everybody, "echo x >> .git/config", ".git/config"),
        (
            Everybody,
            "mkdir -p .git/hooks && touch .git/hooks/x && rm -r .git/hooks",
            "Read-only file system",
        ),
        (Everybody, "mv .git g && mv g .git", "busy"),
    ]);
}

#[test]
fn what_must_not_exist_is_removed_and_told() {
    for user in accounts() {
        let machine = Machine::new(user);
        let inside = machine.inside("echo forged > capstep.lock", |_| {});
        assert!(!inside.success, "{inside:?}");
        assert_eq!(inside.reserved_created.len(), 1);
        assert!(!machine.place.workspace().join("capstep.lock").exists());
        assert!(machine.plainly("echo x > capstep.lock").status.success());
    }
}

#[test]
fn sockets_of_the_machine() {
    check(&[
        (
            Everybody,
            "./acts unix @HOME/agent.sock",
            "socket: Operation not permitted",
        ),
        (
            Everybody,
            "./acts unix @HOME/bus",
            "socket: Operation not permitted",
        ),
        (
            Everybody,
            "./acts unix @HOME/docker.sock",
            "socket: Operation not permitted",
        ),
        (
            Everybody,
            "./acts pair @HOME/log.sock",
            "socketpair: Operation not permitted",
        ),
        (
            Everybody,
            "./acts abstract @ABSTRACT",
            "socket: Operation not permitted",
        ),
        (
            Everybody,
            "./acts tcp @V4",
            "socket: Operation not permitted",
        ),
        (
            Everybody,
            "./acts tcp @V6",
            "socket: Operation not permitted",
        ),
        (
            Everybody,
            "./acts udp @UDP",
            "socket: Operation not permitted",
        ),
        (
            Everybody,
            "./acts netlink",
            "socket: Operation not permitted",
        ),
        (Everybody, "./acts vsock", "socket: Operation not permitted"),
        (Everybody, "./acts mptcp", "socket: Operation not permitted"),
        (
            Everybody,
            "exec 3<>/dev/tcp/127.0.0.1/$(echo @V4 | cut -d' ' -f2)",
            "Operation not permitted",
        ),
        (Root, "./acts raw", "socket: Operation not permitted"),
        (Root, "./acts packet", "socket: Operation not permitted"),
    ]);
}

#[test]
fn other_processes() {
    check(&[
        (
            Everybody,
            "./acts ptrace @VICTIM",
            "Operation not permitted",
        ),
        (
            Everybody,
            "./acts memory @VICTIM",
            "Operation not permitted",
        ),
        (
            Everybody,
            "./acts pidfd @VICTIM",
            "pidfd_open: No such process",
        ),
        (
            Everybody,
            "grep -q hunter2 /proc/@VICTIM/environ",
            "No such file",
        ),
        (
            Root,
            "cat /proc/@RUNNER/environ > /dev/null",
            "No such file",
        ),
        (Everybody, "cat /proc/@VICTIM/cmdline", "No such file"),
        (Everybody, "kill -0 @VICTIM", "No such process"),
        (Everybody, "./acts kill @VICTIM", "No such process"),
    ]);
}

#[test]
fn the_runners_own_processes() {
    for user in accounts() {
        let machine = Machine::new(user);
        for (line, reason) in [
            ("cat /proc/1/environ", "ermission denied"),
            ("cat /proc/1/mem", "ermission denied"),
            ("echo x > /proc/1/mem", "/proc/1/mem: "),
            ("ls -l /proc/1/fd", "ermission denied"),
            ("./acts ptrace 1", "not permitted"),
            ("./acts pidfd 1", "not permitted"),
        ] {
            let inside = machine.inside(line, |_| {});
            let said = String::from_utf8_lossy(&inside.stderr).into_owned();
            assert!(
                !inside.success && said.contains(reason),
                "{line} as {user:?}: {said} {inside:?}"
            );
        }
        // Process 1 of a namespace hears no signal from inside it.
        let inside = machine.inside("kill -KILL 1; kill -TERM 1; sleep 0.1; echo on", |_| {});
        assert_eq!(
            (inside.success, inside.stdout.as_slice()),
            (true, b"on\n".as_slice())
        );
        let inside = machine.inside("kill -9 -1; sleep 5; echo not reached", |_| {});
        assert_ne!(inside.stdout, b"not reached\n");
        let inside = machine.inside("ls -d /proc/[0-9]* | wc -l", |_| {});
        let seen: u32 = String::from_utf8_lossy(&inside.stdout)
            .trim()
            .parse()
            .unwrap();
        assert!(seen <= 5, "{seen} processes are seen");
    }
}

#[test]
fn ways_around_and_privileges() {
    check(&[
        (
            Everybody,
            "./acts io_uring",
            "io_uring_setup: Operation not permitted",
        ),
        (Everybody, "./acts key", "add_key: Operation not permitted"),
        (
            Everybody,
            "./acts unshare",
            "unshare: Operation not permitted",
        ),
        (Everybody, "./acts clone", "clone: Operation not permitted"),
        (
            Everybody,
            "./acts clone3",
            "clone3: Function not implemented",
        ),
        (
            Everybody,
            "./acts mount-in-namespace",
            "unshare: Operation not permitted",
        ),
        (
            Everybody,
            "./acts personality",
            "personality: Operation not permitted",
        ),
        (
            Everybody,
            "./acts tiocsti",
            "ioctl: Operation not permitted",
        ),
        (Everybody, "./acts core", "core: "),
        (Root, "./acts mount", "unshare: Operation not permitted"),
        (
            Root,
            "./acts handle /etc/shadow /",
            "Operation not permitted",
        ),
        (Root, "./acts chroot /", "chroot: Operation not permitted"),
        (
            Root,
            "./acts hostname",
            "sethostname: Operation not permitted",
        ),
        (Root, "./acts device && rm device", "mknod: "),
        (Root, "./acts root", "root: "),
        (Root, "chown 1:1 acts && chown 0:0 acts", "chown"),
    ]);
}

/// A program of root's with the setuid bit gives an unprivileged account root, but not inside.
#[test]
fn setuid_programs_gain_nothing() {
    for user in accounts().into_iter().flatten() {
        let machine = Machine::new(Some(user));
        let program = machine.place.workspace().join("setuid");
        let make = || {
            copy_program(acts(), &program);
            own(&program, Some(0));
            fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
        };
        make();
        assert!(machine.plainly("./setuid root").status.success());
        // `run_as` gives the workspace's files to the account; this one stays root's.
        let step = |line: &str| {
            let mut spec = machine.place.spec(line);
            spec.files.read = vec![
                program
                    .parent()
                    .unwrap()
                    .join("../tools")
                    .components()
                    .collect(),
            ];
            spec
        };
        let tools = machine.place.path().join("tools");
        fs::create_dir(&tools).unwrap();
        fs::rename(&program, tools.join("setuid")).unwrap();
        let line = format!("{}/setuid root", tools.display());
        let mut spec = step(&line);
        spec.files.read = vec![tools.clone()];
        let inside = machine.place.run_as(Some(user), spec);
        assert!(!inside.success, "{inside:?}");
        assert!(
            String::from_utf8_lossy(&inside.stderr).contains("root: "),
            "{inside:?}"
        );
        assert!(machine.plainly(&line).status.success());
        for program in ["su -c true", "passwd --status"] {
            let inside = machine.inside(program, |_| {});
            assert!(!inside.success, "{program}");
        }
    }
}

#[test]
fn calls_of_other_architectures_end_the_process() {
    for user in accounts() {
        let machine = Machine::new(user);
        for line in ["./acts int80", "./acts x32"] {
            assert!(machine.plainly(line).status.success(), "{line}");
            let inside = machine.inside(line, |_| {});
            // 128 and the number of SIGSYS.
            assert_eq!(inside.end, Some(StepEnd::Exited(159)), "{line}: {inside:?}");
        }
        assert!(machine.inside("./acts new", |_| {}).success);
    }
}

#[test]
fn capabilities_are_gone() {
    for user in accounts() {
        let machine = Machine::new(user);
        let inside = machine.inside(
            "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status",
            |_| {},
        );
        let text = String::from_utf8(inside.stdout).unwrap();
        for line in text.lines() {
            let (name, value) = line.split_once(":\t").unwrap();
            let expected = match name {
                "NoNewPrivs" => "1",
                "Seccomp" => "2",
                _ => "0000000000000000",
            };
            assert_eq!(value, expected, "{name} as {user:?}");
        }
        assert_eq!(text.lines().count(), 7, "{text}");
    }
}

#[test]
fn a_daemon_ends_with_the_step() {
    for user in accounts() {
        let machine = Machine::new(user);
        let inside = machine.inside(
            "./acts daemon @WORK/daemon.inside 1; nohup sleep 1000 & disown",
            |_| {},
        );
        assert!(inside.success, "{inside:?}");
        let mut plain = Command::new("bash");
        let line = machine.line("./acts daemon @WORK/daemon.plain 1");
        plain
            .args(["-c", &line])
            .current_dir(machine.place.workspace());
        assert!(as_account(user, &mut plain).status().unwrap().success());
        let there = |name: &str| machine.place.workspace().join(name).exists();
        let started = std::time::Instant::now();
        while !there("daemon.plain") {
            assert!(started.elapsed() < crate::support::PATIENCE);
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert!(!there("daemon.inside"));
    }
}

#[test]
fn limits_hold() {
    for user in accounts() {
        let machine = Machine::new(user);
        let check = |line: &str, reason: &str| {
            let inside = machine.inside(line, |spec| {
                spec.limits.processes = 64;
                spec.limits.open_files = 64;
                spec.limits.file_size = 1 << 20;
            });
            let said = String::from_utf8_lossy(&inside.stderr).into_owned();
            assert_eq!(inside.error, None);
            assert!(
                !inside.success && said.contains(reason),
                "{line} as {user:?}: {said}"
            );
            assert!(machine.plainly(line).status.success(), "{line}");
            assert!(
                machine.inside(line, |_| {}).success,
                "{line}: the defaults are wide enough"
            );
        };
        check("./acts forks 400", "fork: Resource temporarily unavailable");
        check("./acts opens 100", "open: Too many open files");
        check("./acts large big 2000000; rm big", "");
        check("./acts large big 2000000", "File too large");
        assert!(
            machine
                .inside("./acts forks 40", |spec| spec.limits.processes = 64)
                .success
        );
    }
}

/// What whoever started the runner left open is not handed on.
#[test]
fn open_files_are_not_inherited() {
    let machine = Machine::new(None);
    let key = machine.place.path().join("home/.ssh/id_ed25519");
    let shell = format!("exec 9<{}; \"$@\"", key.display());
    let starter = ["bash", "-c", shell.as_str(), "starter"];
    let inside = machine
        .place
        .run_by(None, &starter, machine.place.spec("cat <&9"));
    assert!(!inside.success, "{inside:?}");
    let plain = Command::new("bash")
        .args(["-c", &shell, "starter", "bash", "-c", "cat <&9"])
        .output()
        .unwrap();
    assert_eq!(plain.stdout, b"key");
}

/// A runner that is killed takes its steps with it.
#[test]
fn nothing_outlives_a_killed_runner() {
    for user in accounts() {
        let place = Place::new();
        let spec = place.spec("setsid sleep 987654 & echo $$ > started; exec sleep 987654");
        let started = place.workspace().join("started");
        let mut runner = Command::new(crate::support::program());
        let runner = as_account(user, runner.arg("launch"))
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped());
        if let Some(user) = user {
            for path in [place.workspace(), place.scratch()] {
                own(&path, Some(user));
            }
        }
        let mut runner = runner.spawn().unwrap();
        let request = crate::support::Request {
            spec,
            scratch: place.scratch(),
        };
        serde_json::to_writer(runner.stdin.take().unwrap(), &request).unwrap();
        wait_until(|| started.exists());
        let folder = place.path().to_str().unwrap().to_owned();
        assert!(processes_in(&folder) >= 2);
        runner.kill().unwrap();
        runner.wait().unwrap();
        wait_until(|| processes_in(&folder) == 0);
        // Its outputs are closed as well.
        let mut rest = Vec::new();
        runner
            .stdout
            .take()
            .unwrap()
            .read_to_end(&mut rest)
            .unwrap();
    }
}

fn wait_until(mut so: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !so() {
        assert!(started.elapsed() < crate::support::PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Processes whose working directory is in a folder.
fn processes_in(folder: &str) -> usize {
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
        })
        .count()
}
