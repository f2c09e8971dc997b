//! The second execution: process 1 of the step's namespace. It applies the rest to itself, starts the shell and waits.

use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command as Program, Stdio};
use std::thread;
use std::time::Instant;

use nix::sys::prctl;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Pid, setsid};
use rustix::process::{WaitOptions, wait};

use super::{At, Failure, capabilities, limits, rights, root, syscalls};
use crate::error::SetupStage::{Capabilities, Landlock, Limits, Root, Seccomp, Shell, Start};
use crate::launch::places;
use crate::spec::{Enforced, Network, Shell as ShellKind, StepEnd};
use crate::wire::{self, Command, Order, Report};

/// Where programs are looked for unless the pipeline says otherwise.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Messages in English, texts in UTF-8.
const LANG: &str = "C.UTF-8";
/// What does not go through the proxy: the step's own loopback, but for those of its names that it was handed as origins,
/// which mean the machine's.
const OWN_LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The variables by which programs find a proxy. (`http_proxy` in upper case is not read by all, for CGI's sake.)
const PROXY_VARIABLES: [&str; 6] = [
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
];
/// What a script's new files are readable for, whatever the runner was started with.
const UMASK: Mode = Mode::from_bits_truncate(0o022);

pub(super) fn run(outer: &UnixStream) -> Result<(), Failure> {
    // Before anything is waited for: should `outer` have gone already, there is no order either.
    prctl::set_pdeathsig(Signal::SIGKILL).at(Start, || "ending with its parent".to_owned())?;
    let order: Order = wire::read(&mut &*outer)
        .at(Start, || "the step's order".to_owned())?
        .ok_or_else(|| Failure::new(Start, "the runner ended"))?;
    setsid().at(Start, || "a session of its own".to_owned())?;
    umask(UMASK);
    let enforced = shut_in(&order)?;
    let mut shell = shell(&order);
    wire::write(&mut &*outer, &Report::Ready(enforced)).at(Shell, || "reporting".to_owned())?;
    let started = Instant::now();
    let child = shell
        .spawn()
        .at(Shell, || order.spec.shell.as_str().to_owned())?;
    drop(shell);
    let child = Pid::from_raw(child.id().cast_signed());
    obey(outer, child, order.namespaces).at(Shell, || "listening to the runner".to_owned())?;
    drop(order);
    let end = wait_for(child).at(Shell, || "waiting".to_owned())?;
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss());
    let report = Report::Ended {
        end,
        // The kernel counts in KiB.
        peak_memory: u64::try_from(peak).unwrap_or(0).saturating_mul(1024),
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    wire::write(&mut &*outer, &report).at(Shell, || "reporting".to_owned())
}

/// Applies everything, the filter last: it forbids what the rest needs.
fn shut_in(order: &Order) -> Result<Enforced, Failure> {
    // As the machine is seen from outside; afterwards much of it is not there any more.
    let places = places::all(order);
    let counted = match order.namespaces {
        true => root::enter(order, &places)?,
        false => false,
    };
    std::env::set_current_dir(&order.spec.working_directory)
        .at(Root, || order.spec.working_directory.display().to_string())?;
    limits::apply(&order.spec.limits).at(Limits, || "limits".to_owned())?;
    capabilities::give_up_all().at(Capabilities, || "giving them up".to_owned())?;
    prctl::set_no_new_privs().at(Capabilities, || "no_new_privs".to_owned())?;
    // The script is of the same user: it must not look into this process, which holds the order.
    prctl::set_dumpable(false).at(Capabilities, || "not dumpable".to_owned())?;
    let landlock_abi = rights::apply(order, &places).at(Landlock, || "restricting".to_owned())?;
    if landlock_abi < order.landlock_abi {
        return Err(Failure::new(
            Landlock,
            format!(
                "the kernel has ABI {landlock_abi}, required is {}",
                order.landlock_abi
            ),
        ));
    }
    syscalls::apply(&order.spec.network).at(Seccomp, || "filtering".to_owned())?;
    Ok(Enforced {
        landlock_abi,
        namespaces: order.namespaces,
        process_limit: counted
            || order.counted_by_cgroup
            || (order.namespaces && !nix::unistd::geteuid().is_root()),
        memory_limit: order.spec.limits.memory.is_some(),
    })
}

/// The shell with the script, and its variables.
fn shell(order: &Order) -> Program {
    let (home, tmp, script) = root::own_paths(order);
    let spec = &order.spec;
    let mut shell = Program::new(spec.shell.as_str());
    if spec.shell == ShellKind::Bash {
        shell.args(["--noprofile", "--norc"]);
    }
    if spec.errexit {
        shell.arg("-e");
        if spec.shell == ShellKind::Bash {
            shell.args(["-o", "pipefail"]);
        }
    }
    shell
        .arg(script)
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", LANG)
        .env("HOME", home)
        .env("TMPDIR", tmp)
        .envs(spec.environment.iter());
    if let Some(port) = order.proxy_port {
        let proxy = format!("http://127.0.0.1:{port}");
        shell.envs(PROXY_VARIABLES.map(|name| (name, proxy.as_str())));
        let own = own_loopback(&spec.network);
        shell.envs(["no_proxy", "NO_PROXY"].map(|name| (name, own.as_str())));
    }
    shell.stdin(Stdio::null()).process_group(0);
    shell
}

fn own_loopback(network: &Network) -> String {
    let is_handed = |name: &str| match network {
        Network::Origins(origins) => origins.iter().any(|origin| origin.host == name),
        Network::None => false,
    };
    let own = OWN_LOOPBACK.into_iter().filter(|name| !is_handed(name));
    own.collect::<Vec<_>>().join(",")
}

/// Does what the runner says while the script runs. If the runner goes, everything goes.
fn obey(outer: &UnixStream, shell: Pid, namespaces: bool) -> io::Result<()> {
    let mut outer = outer.try_clone()?;
    thread::Builder::new().spawn(move || {
        while let Ok(Some(Command::Terminate)) = wire::read(&mut outer) {
            // In a namespace of its own that is everybody but this process; else the shell's group.
            let _ = match namespaces {
                true => kill(Pid::from_raw(-1), Signal::SIGTERM),
                false => killpg(shell, Signal::SIGTERM),
            };
        }
        std::process::exit(super::FAILED.into());
    })?;
    Ok(())
}

/// Waits for the shell, and reaps orphans meanwhile.
fn wait_for(shell: Pid) -> io::Result<StepEnd> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid.as_raw_pid() == shell.as_raw() => {
                if let Some(code) = status.exit_status() {
                    return Ok(StepEnd::Exited(code));
                }
                if let Some(signal) = status.terminating_signal() {
                    return Ok(StepEnd::Signalled(signal));
                }
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
