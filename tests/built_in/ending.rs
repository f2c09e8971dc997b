//! A program that is told to end does so, whatever its threads are busy with: compiling and looking up names can't be
//! stopped, and may take minutes.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use capstep_tests::program::{capstep, start, wait_until};
use capstep_tests::project::Project;
use capstep_tests::terminal::OnTerminal;
use nix::sys::signal::Signal;

/// Much less than what would be waited for, and enough for a busy machine.
const SOON: Duration = Duration::from_secs(15);

/// A program that takes minutes to compile and nothing to run.
fn slow_to_compile() -> Vec<u8> {
    // One function: it is compiled by one thread, and what is done for each of its values grows with their number.
    let mut text =
        String::from("(module (memory (export \"memory\") 1) (func (export \"_start\"))\n");
    for number in 0..FUNCTIONS {
        let _ = writeln!(text, "(func $f{number} (param i64) (result i64)");
        for part in 0..PARTS {
            let _ = write!(
                text,
                "local.get 0 i64.const {part} i64.mul local.get 0 i64.xor local.set 0 \
                 local.get 0 i64.eqz if local.get 0 i64.const {number} i64.add local.set 0 end "
            );
        }
        text.push_str("local.get 0)\n");
    }
    text.push(')');
    wat::parse_str(text).unwrap()
}

const FUNCTIONS: usize = 600;
const PARTS: usize = 1_000;

#[test]
fn while_a_plugin_is_compiled() {
    let project = Project::new("version: 1\njobs:\n  a:\n    steps:\n      - uses: ./slow.wasm\n");
    project.write("slow.wasm", slow_to_compile());
    let mut on = OnTerminal::run(&project, &[], (24, 80));
    on.until("it compiles", |screen| {
        screen.contains("compiling the plugin")
    });
    let interrupted = Instant::now();
    on.types("\u{3}");
    assert_eq!(on.wait().code(), Some(130));
    let took = interrupted.elapsed();
    assert!(took < SOON, "it took {took:?} to end");
    let everything = on.everything();
    assert!(
        everything.contains("cancelled before anything was run"),
        "{everything}"
    );
    // Nothing happened, and so there is no run.
    let runs = fs::read_dir(project.state().join("capstep/runs")).unwrap();
    assert_eq!(runs.count(), 0);
}

/// A machine whose name server never answers: a network of its own, with a wire at whose end nobody listens.
const NO_ANSWER: [&str; 6] = [
    "unshare",
    "--mount",
    "--net",
    "bash",
    "-euc",
    "ip link add wire type veth peer name end; ip addr add 10.99.99.1/24 dev wire
     ip link set wire up; ip link set end up; ip neigh add 10.99.99.2 lladdr 02:00:00:00:00:02 dev wire
     mount --bind \"$RESOLV_CONF\" /etc/resolv.conf; exec \"$0\" \"$@\"",
];

#[test]
fn while_a_name_is_looked_up() {
    let project = Project::new(
        "version: 1\njobs:\n  a:\n    steps:\n      - uses: health-check\n        with: { url: \"http://name.example/\", attempts: 1, timeout: 1h }\n",
    );
    let names = project.dir.path().join("resolv.conf");
    fs::write(
        &names,
        "nameserver 10.99.99.2\noptions timeout:30 attempts:5\n",
    )
    .unwrap();
    let program = capstep(&project.folder(), &project.state(), &["run"]);
    let mut command = Command::new(NO_ANSWER[0]);
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(&NO_ANSWER[1..])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(project.folder())
        .env_clear()
        .env("RESOLV_CONF", &names);
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let running = start(&mut command);
    let events = || {
        project
            .journals()
            .pop()
            .map(|path| path.with_file_name("events.jsonl"))
    };
    wait_until("the run", || {
        let text = events().map(|path| fs::read_to_string(path).unwrap_or_default());
        text.is_some_and(|text| text.contains("run-started"))
    });
    // Long enough for the step to ask.
    std::thread::sleep(Duration::from_secs(2));
    let interrupted = Instant::now();
    running.signal(Signal::SIGINT);
    let ran = running.wait().expect(130).never_says("passed");
    let took = interrupted.elapsed();
    assert!(took < SOON, "it took {took:?} to end\n{}", ran.text());
}
