//! The program executed again, and the connection to it.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use super::cgroup::Group;
use crate::error::{ProcessError, SetupStage};
use crate::inside;
use crate::spec::Program;
use crate::wire::{self, Incoming, Order, Report};

/// How much of a report is received at once.
const CHUNK: usize = 16 * 1024;

/// A started sandbox.
pub(super) struct Started {
    /// The process.
    pub(super) process: Child,
    /// Its connection. When it closes, the inside part ends everything.
    pub(super) connection: Connection,
    /// Its standard output.
    pub(super) stdout: Option<ChildStdout>,
    /// Its standard error.
    pub(super) stderr: Option<ChildStderr>,
}

/// Starts the program and hands it the order.
pub(super) async fn start(
    program: &Program,
    order: &Order,
    group: Option<&Group>,
) -> Result<Started, ProcessError> {
    let failed = |doing: &str| {
        let doing = doing.to_owned();
        move |error: io::Error| ProcessError::setup(SetupStage::Start, format!("{doing}: {error}"))
    };
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(failed("a socket pair"))?;
    ours.set_nonblocking(true)
        .map_err(failed("a socket pair"))?;
    let stream = UnixStream::from_std(ours).map_err(failed("a socket pair"))?;
    let mut process = Command::new(&program.executable)
        .args(&program.arguments)
        .arg(inside::ARGUMENT)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed(&program.executable.display().to_string()))?;
    // Before it knows what to do, so that it does nothing outside the group.
    if let (Some(group), Some(id)) = (group, process.id()) {
        group
            .add(id)
            .map_err(|error| ProcessError::setup(SetupStage::Limits, error.to_string()))?;
    }
    let mut connection = Connection {
        stream,
        incoming: Incoming::default(),
    };
    let frame = wire::encode(order).map_err(failed("the order"))?;
    // If it has ended already, the report (or the lack of one) says more than a broken pipe.
    let _ = connection.stream.write_all(&frame).await;
    Ok(Started {
        stdout: process.stdout.take(),
        stderr: process.stderr.take(),
        process,
        connection,
    })
}

/// The runner's end of the connection.
pub(super) struct Connection {
    stream: UnixStream,
    incoming: Incoming,
}

impl Connection {
    /// The next report; `None` when the inside part has ended. Loses nothing if it is dropped while waiting.
    pub(super) async fn report(&mut self) -> io::Result<Option<Report>> {
        loop {
            if let Some(report) = self.incoming.next_report()? {
                return Ok(Some(report));
            }
            let Self { stream, incoming } = self;
            let received = stream
                .async_io(Interest::READABLE, || receive(stream, incoming))
                .await?;
            if received == 0 {
                return Ok(None);
            }
        }
    }

    /// The listener that came with the report `Listening`.
    pub(super) fn take_listener(&mut self) -> Option<TcpListener> {
        self.incoming.take_listener()
    }

    /// Says something to the inside part.
    pub(super) async fn command(&mut self, command: wire::Command) -> io::Result<()> {
        let frame = wire::encode(&command)?;
        self.stream.write_all(&frame).await
    }
}

fn receive(stream: &UnixStream, incoming: &mut Incoming) -> io::Result<usize> {
    let mut bytes = [0; CHUNK];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        stream,
        &mut [IoSliceMut::new(&mut bytes)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    );
    let length = match received {
        Ok(received) => received.bytes,
        Err(rustix::io::Errno::CONNRESET) => 0,
        Err(error) => return Err(error.into()),
    };
    let descriptors = control.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
        _ => Vec::new(),
    });
    incoming.push(bytes.get(..length).unwrap_or_default(), descriptors);
    Ok(length)
}
