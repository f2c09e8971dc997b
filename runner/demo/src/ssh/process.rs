//! Runs an allowed command on this machine, with a channel as its input and output.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use nix::unistd::Pid;
use russh::server::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command as Process};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::allow::{Command, Verdict};
use super::serve::Context;

/// What is not on the list exits with this, as a command that can't be executed does in a shell.
const REFUSED: u32 = 126;

/// Where commands are looked for: the usual folders, and the one of NixOS.
const PATH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin";

/// What is read of a command's output at once: one packet.
const PIECE: usize = 32 * 1024;

/// A command that is asked to end may take so long, then it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// The number of extended data that is standard error.
const STDERR: u32 = 1;

/// Reads a command's input, and runs it if it may run. Returns when the channel is done with.
pub(super) async fn serve(channel: Channel<Msg>, command: String, context: Context) {
    let (mut reader, writer) = channel.split();
    let code = match Command::known(&command) {
        None => refuse(&writer, "this server doesn't run it").await,
        Some(known) => match gather(&mut reader, known, &context).await {
            Gathered::Input { bytes, ended } => {
                run(&command, bytes, ended, &mut reader, &writer, &context).await
            }
            Gathered::Refused(why) => refuse(&writer, why).await,
            Gathered::Gone => return,
        },
    };
    let _ = writer.exit_status(code).await;
    let _ = writer.eof().await;
    let _ = writer.close().await;
}

async fn refuse(writer: &ChannelWriteHalf<Msg>, why: &str) -> u32 {
    let text = format!("capstep demo: refused: {why}\n");
    let _ = writer.extended_data_bytes(STDERR, text).await;
    REFUSED
}

enum Gathered {
    /// May run with this input.
    Input {
        bytes: Zeroizing<Vec<u8>>,
        /// The client has said that nothing more comes.
        ended: bool,
    },
    Refused(&'static str),
    /// The client went away.
    Gone,
}

async fn gather(reader: &mut ChannelReadHalf, command: Command, context: &Context) -> Gathered {
    let mut bytes = Zeroizing::new(Vec::new());
    loop {
        let ended = match reader.wait().await {
            Some(ChannelMsg::Data { data }) => {
                bytes.extend_from_slice(&data);
                false
            }
            Some(ChannelMsg::Eof) => true,
            Some(ChannelMsg::Close | ChannelMsg::Signal { .. }) | None => return Gathered::Gone,
            Some(_) => continue,
        };
        match command.judge(&context.root, &bytes, ended) {
            Verdict::Run => return Gathered::Input { bytes, ended },
            Verdict::Wait => {}
            Verdict::Refuse(why) => return Gathered::Refused(why),
        }
    }
}

/// Runs a command to its end and gives its exit code.
async fn run(
    command: &str,
    input: Zeroizing<Vec<u8>>,
    ended: bool,
    reader: &mut ChannelReadHalf,
    writer: &ChannelWriteHalf<Msg>,
    context: &Context,
) -> u32 {
    let Ok(mut child) = spawn(command, context) else {
        return refuse(writer, "/bin/sh can't be started here").await;
    };
    let Some(leader) = child.id().and_then(|id| i32::try_from(id).ok()) else {
        return REFUSED;
    };
    let group = context.groups.enter(Pid::from_raw(leader));
    let end_of_input = CancellationToken::new();
    if ended {
        end_of_input.cancel();
    }
    let feeding = feed(child.stdin.take(), input, end_of_input.clone());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let working = async {
        let (status, (), ()) = tokio::join!(
            child.wait(),
            relay(stdout, writer, None),
            relay(stderr, writer, Some(STDERR)),
        );
        status
    };
    let finished = tokio::select! {
        status = working => Some(status),
        () = feeding => None,
        () = attend(reader, end_of_input) => None,
    };
    let status = match finished {
        Some(status) => status,
        None => {
            group.terminate();
            match tokio::time::timeout(GRACE, child.wait()).await {
                Ok(status) => status,
                // Dropped, the group is killed.
                Err(_) => return REFUSED,
            }
        }
    };
    group.ended();
    status.map_or(REFUSED, exit_code)
}

fn spawn(command: &str, context: &Context) -> std::io::Result<Child> {
    Process::new("/bin/sh")
        .args(["-c", command])
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", &context.root.path)
        .current_dir(&context.root.path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: what a script starts ends with it, and a signal to it doesn't reach the runner.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// Writes the checked input, then nothing more, and closes it when the client has ended its own. Never returns.
async fn feed(stdin: Option<ChildStdin>, input: Zeroizing<Vec<u8>>, end: CancellationToken) {
    if let Some(mut stdin) = stdin {
        // A command may end without reading its input.
        let _ = stdin.write_all(&input).await;
        end.cancelled().await;
    }
    std::future::pending().await
}

/// Returns when the client no longer waits for the command. What it still sends is not passed on: it was not checked.
async fn attend(reader: &mut ChannelReadHalf, end_of_input: CancellationToken) {
    loop {
        match reader.wait().await {
            Some(ChannelMsg::Eof) => end_of_input.cancel(),
            Some(ChannelMsg::Close | ChannelMsg::Signal { .. }) | None => return,
            Some(_) => {}
        }
    }
}

/// Sends output as it comes; the client's window holds it back.
async fn relay(
    from: Option<impl AsyncRead + Unpin>,
    to: &ChannelWriteHalf<Msg>,
    extended: Option<u32>,
) {
    let Some(mut from) = from else {
        return;
    };
    let mut piece = vec![0; PIECE];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let bytes = Bytes::copy_from_slice(piece.get(..length).unwrap_or_default());
        let sent = match extended {
            None => to.data_bytes(bytes).await,
            Some(number) => to.extended_data_bytes(number, bytes).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// A signal counts as shells count it: 128 and its number.
fn exit_code(status: ExitStatus) -> u32 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u32::try_from(code).ok())
        .unwrap_or(REFUSED)
}
