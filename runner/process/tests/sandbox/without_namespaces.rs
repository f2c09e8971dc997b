//! Steps where the kernel gives no namespaces: what starts all the same, what is refused, and what still holds.
//!
//! The runner is started in a user namespace whose limit of further namespaces is zero.

use std::fs;
use std::path::PathBuf;

use crate::support::machine::Machine;
use crate::support::{Answer, Place, accounts};
use capstep_process::{Network, StepEnd, StepSpec};

/// Starts a runner that can have no namespaces.
const STARTER: [&str; 6] = [
    "unshare",
    "--user",
    "--map-root-user",
    "bash",
    "-c",
    "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" \"$@\"",
];

fn inside(machine: &Machine, line: &str, change: impl FnOnce(&mut StepSpec)) -> Answer {
    let mut spec = machine.place.spec(&machine.line(line));
    change(&mut spec);
    machine.place.run_by(machine.user, &STARTER, spec)
}

#[test]
fn a_plain_step_runs_and_says_what_is_missing() {
    for user in accounts() {
        let machine = Machine::new(user);
        let answer = inside(
            &machine,
            "cat <(echo text) > file; echo $HOME $TMPDIR; touch $HOME/x $TMPDIR/y",
            |_| {},
        );
        assert!(answer.success, "{answer:?}");
        let enforced = answer.enforced.unwrap();
        assert!(
            !enforced.namespaces && enforced.landlock_abi >= 3,
            "{enforced:?}"
        );
        assert_eq!(
            fs::read_to_string(machine.place.workspace().join("file")).unwrap(),
            "text\n"
        );
        assert_eq!(fs::read_dir(machine.place.scratch()).unwrap().count(), 0);
    }
}

#[test]
fn what_cannot_be_guarded_is_refused() {
    let machine = Machine::new(accounts().pop().unwrap());
    type Change = fn(&mut StepSpec);
    let cases: [(Change, &str); 4] = [
        (
            |spec| spec.files.hidden = vec!["deploy/.env".into()],
            "a sealed file",
        ),
        (
            |spec| spec.network = Network::Origins(Vec::new()),
            "network namespace",
        ),
        (
            |spec| spec.requirements.namespaces = true,
            "namespaces are required",
        ),
        (
            |spec| spec.files.reserved = vec![".git".into()],
            "a reserved place",
        ),
    ];
    for (change, reason) in cases {
        let answer = inside(&machine, "touch ran", change);
        let error = answer.error.unwrap_or_default();
        assert!(
            error.contains(reason) && error.contains("user namespaces"),
            "{reason}: {error}"
        );
        assert!(!machine.place.workspace().join("ran").exists());
        // Where there are namespaces, the same step runs.
        let mut spec = machine.place.spec("true");
        change(&mut spec);
        assert!(machine.place.run_as(machine.user, spec).success, "{reason}");
    }
    let accepted = inside(&machine, "true", |spec| {
        spec.files.reserved = vec![".git".into()];
        spec.requirements.reserved_places = false;
    });
    assert!(accepted.success, "{accepted:?}");
    let narrowed = |spec: &mut StepSpec| {
        spec.files.reserved = vec![".git".into(), "capstep.yml".into()];
        spec.files.read = vec![".".into()];
        spec.files.write = vec!["deploy".into()];
    };
    let answer = inside(&machine, "echo x > deploy/new; cat capstep.yml", narrowed);
    assert!(answer.success, "{answer:?}");
    for line in [
        "echo x > new",
        "echo x > capstep.yml",
        "rm capstep.yml",
        "mv .git g",
        "echo x > .git/config",
    ] {
        assert!(!inside(&machine, line, narrowed).success, "{line}");
    }
}

#[test]
fn acts_are_stopped_by_landlock_and_the_filter() {
    for user in accounts() {
        let machine = Machine::new(user);
        for (line, reason) in [
            ("./acts read @HOME/.ssh/id_ed25519", "Permission denied"),
            ("./acts read link/.ssh/id_ed25519", "Permission denied"),
            (
                "./acts read /proc/self/root@HOME/.ssh/id_ed25519",
                "Permission denied",
            ),
            ("./acts read /etc/shadow", "Permission denied"),
            ("ls @HOME", "Permission denied"),
            ("./acts write @HOME/new", "Permission denied"),
            ("ln @HOME/.ssh/id_ed25519 hard", "failed"),
            ("echo x > moved && mv moved @HOME/", "ermission denied"),
            ("./acts write @SHM", "Permission denied"),
            ("./acts write /etc/capstep-test", "Permission denied"),
            (
                "./acts unix @HOME/agent.sock",
                "socket: Operation not permitted",
            ),
            (
                "./acts abstract @ABSTRACT",
                "socket: Operation not permitted",
            ),
            ("./acts tcp @V4", "socket: Operation not permitted"),
            ("./acts udp @UDP", "socket: Operation not permitted"),
            ("./acts raw", "socket: Operation not permitted"),
            ("./acts ptrace @VICTIM", "ptrace: Operation not permitted"),
            (
                "./acts pidfd @VICTIM",
                "pidfd_getfd: Operation not permitted",
            ),
            ("./acts kill @VICTIM", "kill: Operation not permitted"),
            ("grep -q hunter2 /proc/@VICTIM/environ", "ermission denied"),
            (
                "kill -KILL $PPID; kill -KILL $(ps -o ppid= -p $PPID)",
                "not permitted",
            ),
            ("./acts io_uring", "io_uring_setup: Operation not permitted"),
            ("./acts key", "add_key: Operation not permitted"),
            ("./acts unshare", "unshare: Operation not permitted"),
            ("./acts clone", "clone: Operation not permitted"),
            ("./acts mount", "unshare: Operation not permitted"),
            ("./acts tiocsti", "ioctl: Operation not permitted"),
            ("./acts core", "core: "),
            ("./acts device", "mknod: "),
            ("./acts root", "root: "),
        ] {
            let answer = inside(&machine, line, |_| {});
            let said = String::from_utf8_lossy(&answer.stderr).into_owned();
            let stopped = !matches!(answer.end, Some(StepEnd::Exited(0)));
            // A step that kills its own first process has stopped itself.
            let killed = line.starts_with("kill") && answer.error.is_some();
            assert!(
                killed || stopped && said.contains(reason),
                "{line} as {user:?}: {answer:?} {said}"
            );
        }
    }
}

#[test]
fn nothing_outlives_a_step() {
    for user in accounts() {
        let machine = Machine::new(user);
        let answer = inside(
            &machine,
            "./acts daemon @WORK/late 1; setsid nohup sleep 1000 & sleep 0.2; echo $$",
            |_| {},
        );
        assert!(answer.success, "{answer:?}");
        assert_eq!(processes_in(machine.place.workspace()), 0);
        std::thread::sleep(std::time::Duration::from_millis(1_500));
        assert!(!machine.place.workspace().join("late").exists());
    }
}

#[test]
fn a_timeout_ends_all() {
    let place = Place::new();
    let mut spec =
        place.spec("(trap '' TERM; setsid sleep 1000) & trap '' TERM; sleep 1000; sleep 1000");
    spec.limits.wall_time = std::time::Duration::from_millis(500);
    spec.limits.grace = std::time::Duration::from_millis(300);
    let answer = place.run_by(accounts().pop().unwrap(), &STARTER, spec);
    assert_eq!(answer.end, Some(StepEnd::TimedOut), "{answer:?}");
    assert_eq!(processes_in(place.workspace()), 0);
}

/// Processes whose working directory is in a folder.
fn processes_in(folder: PathBuf) -> usize {
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder))
        })
        .count()
}
