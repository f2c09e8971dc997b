//! The first execution: outside the process namespace, so what the script does cannot reach it.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::unistd::{geteuid, setgroups, setsid};
use rustix::event::{PollFd, PollFlags, poll};

use super::{ARGUMENT, At, Failure, INIT, descendants, loopback, namespaces};
use crate::error::SetupStage::{Namespaces, Network, Start};
use crate::wire::{self, Order, Report};

/// How much is passed on at once.
const CHUNK: usize = 16 * 1024;

pub(super) fn run(runner: &UnixStream) -> Result<(), Failure> {
    let mut order: Order = wire::read(&mut &*runner)
        .at(Start, || "the step's order".to_owned())?
        .ok_or_else(|| Failure::new(Start, "the runner ended before it gave an order"))?;
    // What whoever started the runner left open is not the step's.
    close_fds::set_fds_cloexec(3, &[]);
    // Away from the terminal: its signals, and the input that could be pushed back into it.
    setsid().at(Start, || "a session of its own".to_owned())?;
    if geteuid().is_root() {
        // In a container without root's rights the groups stay, as they do for every other account.
        match setgroups(&[]) {
            Err(Errno::EPERM) => {}
            result => result.at(Start, || "supplementary groups".to_owned())?,
        }
    }
    if order.namespaces {
        namespaces::enter()?;
        if order.spec.network != crate::spec::Network::None {
            order.proxy_port = Some(listen(runner)?);
        }
    } else {
        prctl::set_child_subreaper(true).at(Namespaces, || "the reaper of orphans".to_owned())?;
    }
    // Not sooner: the maps of a new user namespace are files that only a dumpable process may write.
    prctl::set_dumpable(false).at(Start, || "not dumpable".to_owned())?;
    let (inner, theirs) = UnixStream::pair().at(Start, || "a socket pair".to_owned())?;
    let mut init = Command::new("/proc/self/exe")
        .args(&order.arguments)
        .args([ARGUMENT, INIT])
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .at(Start, || "the program, executed again".to_owned())?;
    let passed = wire::write(&mut &inner, &order).and_then(|()| pass(runner, &inner));
    // Every end leads here: the step's own, the runner's death, a broken connection. What lives is ended.
    let ended = end(&mut init, order.namespaces);
    drop(order);
    passed
        .and(ended)
        .at(Start, || "passing reports on".to_owned())
}

/// Brings up loopback and a listener on it, and hands the listener to the runner.
fn listen(runner: &UnixStream) -> Result<u16, Failure> {
    loopback::up().at(Network, || "bringing up loopback".to_owned())?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).at(Network, || "a listener".to_owned())?;
    let port = listener
        .local_addr()
        .at(Network, || "the listener's port".to_owned())?
        .port();
    send_listener(runner, &listener).at(Network, || "handing over the listener".to_owned())?;
    Ok(port)
}

fn send_listener(runner: &UnixStream, listener: &TcpListener) -> io::Result<()> {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

    let frame = wire::encode(&Report::Listening)?;
    let descriptors = [listener.as_fd()];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    let sent = sendmsg(
        runner,
        &[io::IoSlice::new(&frame)],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    (&*runner).write_all(frame.get(sent..).unwrap_or_default())
}

/// Passes bytes both ways until one side ends. There is one thread: no other can be started in a process whose children
/// belong to another process namespace.
fn pass(runner: &UnixStream, inner: &UnixStream) -> io::Result<()> {
    let mut buffer = [0; CHUNK];
    loop {
        let mut waiting = [
            PollFd::new(runner, PollFlags::IN),
            PollFd::new(inner, PollFlags::IN),
        ];
        match poll(&mut waiting, None) {
            Err(rustix::io::Errno::INTR) => continue,
            result => result?,
        };
        let [from_runner, from_inner] = waiting.map(|waiting| !waiting.revents().is_empty());
        // Reports first: a step that has ended says so even if the runner has gone on.
        if from_inner && !pass_some(inner, runner, &mut buffer)? {
            return Ok(());
        }
        if from_runner && !pass_some(runner, inner, &mut buffer)? {
            return Ok(());
        }
    }
}

fn pass_some(mut from: &UnixStream, mut to: &UnixStream, buffer: &mut [u8]) -> io::Result<bool> {
    let read = match from.read(buffer) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
        result => result?,
    };
    to.write_all(buffer.get(..read).unwrap_or_default())?;
    Ok(read > 0)
}

fn end(init: &mut Child, namespaces: bool) -> io::Result<()> {
    // Process 1 takes its whole namespace with it.
    init.kill()?;
    init.wait()?;
    match namespaces {
        true => Ok(()),
        false => descendants::end_all(),
    }
}
