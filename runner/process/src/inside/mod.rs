//! The child's side: the program executed again, which shuts itself in and then starts the shell.
//!
//! - `outer`: first execution. Own session; own namespaces; the proxy's listener. Passes bytes between runner and `init`
//! - `init`: second execution, process 1 of the namespace. Applies the rest, starts the shell, waits, reports
//! - `namespaces`, `loopback`: what `outer` makes
//! - `root`, `mounts`: the new file system; `limits`, `capabilities`, `rights` (landlock), `syscalls` (seccomp)
//! - `descendants`: ending what is left where there is no process namespace

mod capabilities;
mod descendants;
mod init;
mod limits;
mod loopback;
mod mounts;
mod namespaces;
mod outer;
pub(crate) mod rights;
mod root;
mod syscalls;

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use crate::error::SetupStage;
use crate::wire::{self, Report};

/// The hidden first argument.
pub const ARGUMENT: &str = "__inside";
/// The word after it in the second execution.
const INIT: &str = "init";
/// The exit code of an inside part that could not do its work. The reason has been reported, if anyone listens.
const FAILED: u8 = 125;

/// Takes over if the program was started by [`run`](crate::run()), and returns when the step has ended.
///
/// To be called before anything else in `main`, with the arguments after the program's name: before a thread is
/// started and before a file is opened. `None` means: this is an ordinary start.
pub fn enter(arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.into_iter();
    if arguments.next()? != ARGUMENT {
        return None;
    }
    let init = arguments.next().is_some_and(|word| word == INIT);
    // Whoever types the hidden argument has no runner on standard input, and gets nothing but this exit code.
    let Ok(mut runner) = connection() else {
        return Some(ExitCode::from(FAILED));
    };
    let result = match init {
        true => init::run(&runner),
        false => outer::run(&runner),
    };
    if let Err(Failure { stage, message }) = result {
        let _ = wire::write(&mut runner, &Report::Failed { stage, message });
        return Some(ExitCode::from(FAILED));
    }
    Some(ExitCode::SUCCESS)
}

/// Standard input as the connection that it is.
fn connection() -> io::Result<UnixStream> {
    let descriptor = io::stdin().as_fd().try_clone_to_owned()?;
    let stream = UnixStream::from(descriptor);
    // Anything but a socket is no runner.
    stream.peer_addr()?;
    Ok(stream)
}

/// Why a part could not be set up.
#[derive(Debug)]
pub(crate) struct Failure {
    stage: SetupStage,
    message: String,
}

impl Failure {
    fn new(stage: SetupStage, message: impl Into<String>) -> Self {
        Self {
            stage,
            message: message.into(),
        }
    }
}

/// Says at which stage, and doing what, something failed.
trait At<T> {
    fn at(self, stage: SetupStage, doing: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: std::fmt::Display> At<T> for Result<T, E> {
    fn at(self, stage: SetupStage, doing: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(stage, format!("{}: {error}", doing())))
    }
}
