//! Remote commands: bytes in, bytes out, and how it ended.

use std::time::Duration;

use bytes::Bytes;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::connect::printable;
use crate::error::{SshError, SshErrorKind, Stage};
use crate::session::Session;

/// A piece of what a remote command printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout(Bytes),
    /// Standard error.
    Stderr(Bytes),
}

/// How a remote command ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExitStatus {
    /// The exit code, unless a signal ended it.
    pub code: Option<u32>,
    /// The signal's name without `SIG`, such as `TERM`.
    pub signal: Option<String>,
    /// The command ended, but something that it left in the background still holds its output; what that prints
    /// later is lost.
    pub output_left_open: bool,
}

impl ExitStatus {
    /// Whether the command exited with 0.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }
}

/// After its exit a command's output is read on for so long without news, then left. A plain `ssh` would wait for the
/// background process for ever.
const OUTPUT_AFTER_EXIT: Duration = Duration::from_secs(5);

/// Pieces of standard input that are queued at once; russh copies each.
const STDIN_PIECE: usize = 32 * 1024;

impl Session {
    /// Runs a command by the account's login shell, with `stdin` as its whole input.
    ///
    /// Output goes to `output` as it comes; while its receiver is slow the remote side is held back, and when the
    /// receiver is gone the output is thrown away. There is no limit in time but the keepalives': the caller bounds
    /// it by dropping the future, which sends `TERM` to the remote process and closes the channel.
    pub async fn exec(
        &self,
        command: &str,
        stdin: &[u8],
        output: mpsc::Sender<Output>,
    ) -> Result<ExitStatus, SshError> {
        self.start(command, stdin, AfterInput::End, output).await
    }

    /// As [`Session::exec`], with a choice of what follows the input.
    pub(crate) async fn start(
        &self,
        command: &str,
        stdin: &[u8],
        after: AfterInput,
        output: mpsc::Sender<Output>,
    ) -> Result<ExitStatus, SshError> {
        let mut channel = self.open_channel().await?;
        let request = channel.exec(true, command.as_bytes());
        match tokio::time::timeout(self.limits.request, request).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                return Err(self.explain(SshError::from_russh(Stage::Channel, &error)));
            }
            Err(_) => return Err(self.timeout("starting a command")),
        }
        await_success(&mut channel, self.limits.request)
            .await
            .map_err(|error| self.explain(error))?;
        let (reader, writer) = channel.split();
        let mut running = Running {
            writer: Some(writer),
        };
        let result = run(reader, &running, stdin, after, output).await;
        if let Ok(status) = &result
            && !status.output_left_open
        {
            // The server has closed the channel by itself.
            running.writer = None;
        } else if let (Ok(_), Some(writer)) = (&result, running.writer.take()) {
            let _ = writer.close().await;
        }
        result.map_err(|error| self.explain(error))
    }

    /// Runs one of the host's own short commands and collects what it prints, up to `limit` bytes each.
    pub(crate) async fn exec_collect(
        &self,
        command: &str,
        stdin: &[u8],
        limit: usize,
    ) -> Result<Collected, SshError> {
        let (sender, mut receiver) = mpsc::channel(COLLECT_QUEUE);
        let mut collected = Collected::default();
        let collect = async {
            while let Some(piece) = receiver.recv().await {
                let (to, bytes) = match piece {
                    Output::Stdout(bytes) => (&mut collected.stdout, bytes),
                    Output::Stderr(bytes) => (&mut collected.stderr, bytes),
                };
                let room = limit.saturating_sub(to.len());
                collected.cut |= bytes.len() > room;
                to.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
            }
        };
        let run = self.exec(command, stdin, sender);
        let (status, ()) = tokio::join!(run, collect);
        collected.status = status?;
        Ok(collected)
    }
}

/// What the remote command sees once it has read its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterInput {
    /// The end of the input.
    End,
    /// Nothing, until we let go of the channel: by this it learns that nobody waits for it any more.
    Open,
}

/// Pieces of output that wait while the host's own commands are read.
const COLLECT_QUEUE: usize = 16;

/// What one of the host's own commands printed.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Something was printed beyond the limit.
    pub(crate) cut: bool,
}

impl Collected {
    /// What the command said about its failure, in one line.
    pub(crate) fn complaint(&self) -> String {
        let text = printable(&String::from_utf8_lossy(&self.stderr));
        match (text.is_empty(), self.status.code) {
            (false, _) => text,
            (true, Some(code)) => format!("exit code {code}"),
            (true, None) => "ended by a signal".to_owned(),
        }
    }
}

/// Stops the remote command when the future that waits for it is dropped.
struct Running {
    writer: Option<ChannelWriteHalf<Msg>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let (Some(writer), Ok(runtime)) =
            (self.writer.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move {
                let _ = writer.signal(Sig::TERM).await;
                let _ = writer.close().await;
            });
        }
    }
}

/// Waits for the server's answer to a channel request.
pub(crate) async fn await_success(
    channel: &mut Channel<Msg>,
    limit: Duration,
) -> Result<(), SshError> {
    let answer = async {
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => return Ok(()),
                Some(ChannelMsg::Failure) => {
                    return Err(SshError::channel(
                        SshErrorKind::Peer,
                        "the server refused to start the command",
                    ));
                }
                Some(ChannelMsg::Close) | None => {
                    return Err(SshError::channel(
                        SshErrorKind::Unreachable,
                        "the channel was closed",
                    ));
                }
                Some(_) => {}
            }
        }
    };
    match tokio::time::timeout(limit, answer).await {
        Ok(result) => result,
        Err(_) => Err(SshError::channel(
            SshErrorKind::Timeout,
            "the server did not answer the request in time",
        )),
    }
}

async fn run(
    mut reader: ChannelReadHalf,
    running: &Running,
    stdin: &[u8],
    after: AfterInput,
    output: mpsc::Sender<Output>,
) -> Result<ExitStatus, SshError> {
    let write = async {
        if let Some(writer) = &running.writer {
            // A command may end without reading its input: errors here are not the command's.
            for piece in stdin.chunks(STDIN_PIECE) {
                if writer.data(piece).await.is_err() {
                    return;
                }
            }
            if after == AfterInput::End {
                let _ = writer.eof().await;
            }
        }
    };
    tokio::pin!(write);
    let mut written = false;
    let mut status: Option<ExitStatus> = None;
    let mut leave_at: Option<Instant> = None;
    loop {
        let leave = async {
            match leave_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = &mut write, if !written => written = true,
            message = reader.wait() => {
                match message {
                    Some(ChannelMsg::Data { data }) => {
                        let _ = output.send(Output::Stdout(data)).await;
                    }
                    Some(ChannelMsg::ExtendedData { data, ext: 1 }) => {
                        let _ = output.send(Output::Stderr(data)).await;
                    }
                    Some(ChannelMsg::ExitStatus { exit_status }) => {
                        status = Some(ExitStatus { code: Some(exit_status), ..ExitStatus::default() });
                    }
                    Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                        status = Some(ExitStatus {
                            signal: Some(signal_text(&signal_name)),
                            ..ExitStatus::default()
                        });
                    }
                    Some(ChannelMsg::Close) | None => break,
                    Some(_) => {}
                }
                if status.is_some() {
                    leave_at = Some(Instant::now() + OUTPUT_AFTER_EXIT);
                }
            }
            () = leave => {
                if let Some(status) = &mut status {
                    status.output_left_open = true;
                }
                break;
            }
        }
    }
    status.ok_or_else(|| {
        SshError::new(
            Stage::RemoteExit,
            SshErrorKind::Unreachable,
            "the connection ended before the remote command did; whether it finished is unknown",
        )
    })
}

fn signal_text(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => printable(name),
        known => format!("{known:?}"),
    }
}
