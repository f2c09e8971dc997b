//! Acts that must fail in a `run:` step of a pipeline, each shown to succeed when the same account does it plainly.

use std::time::Duration;

use capstep_tests::program::wait_until;

use crate::machine::{Machine, is_root};

/// Who can do an act at all.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    Everybody,
    Root,
}

use Who::{Everybody, Root};

/// The acts, and what is said where they fail.
const ACTS: [(Who, &str, &str); 33] = [
    // The account's and the system's files.
    (
        Everybody,
        "./acts read @HOME/.ssh/id_ed25519",
        "No such file",
    ),
    (Everybody, "ls @HOME", "No such file"),
    (Root, "./acts read /etc/shadow", "Permission denied"),
    (Everybody, "ls /sys/kernel", "No such file"),
    // Writing outside, and what is reserved within.
    (Everybody, "./acts write @HOME/new", "No such file"),
    (
        Root,
        "./acts write /usr/capstep-test && rm /usr/capstep-test",
        "Read-only file system",
    ),
    (
        Everybody,
        "mkdir -p .git/hooks && touch .git/hooks/x && rm -r .git/hooks",
        "Read-only file system",
    ),
    (Everybody, "echo x >> .git/config", ".git/config"),
    // Sockets of the machine: the SSH agent, D-Bus, the engine.
    (Everybody, "test -S @HOME/agent.sock", "exited with 1"),
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
        "./acts abstract @ABSTRACT",
        "socket: Operation not permitted",
    ),
    // The network, without a grant.
    (
        Everybody,
        "./acts tcp @V4",
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
    (
        Everybody,
        "exec 3<>/dev/tcp/$(echo @V4 | tr ' ' /)",
        "Operation not permitted",
    ),
    (Root, "./acts raw", "socket: Operation not permitted"),
    (Root, "./acts packet", "socket: Operation not permitted"),
    // Other processes.
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
    (Everybody, "./acts pidfd @VICTIM", "pidfd_open: "),
    (
        Everybody,
        "grep -q hunter2 /proc/@VICTIM/environ",
        "No such file",
    ),
    (Everybody, "kill -0 @VICTIM", "No such process"),
    // Ways around, and privileges.
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
    (
        Everybody,
        "./acts clone3",
        "clone3: Function not implemented",
    ),
    (
        Everybody,
        "./acts tiocsti",
        "ioctl: Operation not permitted",
    ),
    (Root, "test \"$(./other -u)\" = @OTHER", "exited with 1"),
    (Root, "./acts mount", "unshare: Operation not permitted"),
    (Root, "./acts chroot /", "chroot: Operation not permitted"),
    (Root, "./acts root", "root: "),
];

#[test]
fn what_must_not_be_possible() {
    let machine = Machine::new();
    let root = is_root();
    let mut done = 0;
    for (who, line, reason) in ACTS {
        // `tests/run` says what only root can try.
        if who == Root && !root {
            continue;
        }
        let plain = machine.plainly(line);
        assert!(
            plain.status.success(),
            "{line}: not even plainly: {plain:?}"
        );
        machine.inside(line).expect(1).says(reason);
        done += 1;
    }
    assert!(done >= if root { 33 } else { 24 }, "{done} acts");
    // The sandbox is no wall for what was handed over.
    machine
        .inside("cat .git/config >/dev/null; echo x >made; ./acts new")
        .expect(0);
}

/// A process that leaves the step behind goes on plainly, and ends with the step inside.
#[test]
fn a_child_that_outlives_the_step() {
    let machine = Machine::new();
    let there = |name: &str| machine.project.path(name).exists();
    let line = |name: &str| format!("./acts daemon @PROJECT/{name} 1");
    machine.inside(&line("inside")).expect(0);
    assert!(machine.plainly(&line("plain")).status.success());
    wait_until("the child that was left behind", || there("plain"));
    // The one inside was started before it.
    std::thread::sleep(Duration::from_millis(500));
    assert!(!there("inside"), "it outlived its step");
}
