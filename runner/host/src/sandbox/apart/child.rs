//! The process that compiles: WebAssembly on standard input, compiled code on standard output.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::thread::available_parallelism;

use nix::sys::resource::{Resource, setrlimit};
use wasmtime::Engine;

use super::{FAILED, MALFORMED, MEMORY, REFUSED, TIME};
use crate::sandbox::error::LoadError;
use crate::sandbox::{adapt, engine, limits};

/// The hidden first argument.
pub const ARGUMENT: &str = "__compile";
/// The word after it, where what is to be compiled is a component; else it is a core module that is to become one.
pub(super) const COMPONENT: &str = "component";
/// Files that it may have open: its three pipes, and what a library opens for a moment.
const OPEN_FILES: u64 = 32;

/// Takes over if the program was started to compile, and returns when that is done. To be called in `main`, with the
/// arguments after the program's name. `None` means: this is an ordinary start.
pub fn enter(arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.into_iter();
    if arguments.next()? != ARGUMENT {
        return None;
    }
    let is_component = arguments.next().is_some_and(|word| word == COMPONENT);
    let (code, message) = match compiled(is_component).and_then(|code| write(&code)) {
        Ok(()) => return Some(ExitCode::SUCCESS),
        Err(LoadError::Malformed { message }) => (MALFORMED, message),
        Err(LoadError::Compile { message }) => (REFUSED, message),
        Err(error) => (FAILED, error.to_string()),
    };
    // Whoever does not listen any more gets the exit code alone.
    let _ = io::stderr().write_all(message.as_bytes());
    Some(ExitCode::from(code))
}

fn compiled(is_component: bool) -> Result<Vec<u8>, LoadError> {
    bound().map_err(|error| broken("limits can't be set", &error))?;
    let mut bytes = Vec::new();
    io::stdin()
        .take(limits::PLUGIN_SIZE as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| broken("the plugin can't be read", &error))?;
    let engine = engine::idle().map_err(|error| broken("the compiler can't start", &error))?;
    to_code(&engine, &bytes, is_component)
}

/// Compiles, in this very process.
pub(crate) fn to_code(
    engine: &Engine,
    bytes: &[u8],
    is_component: bool,
) -> Result<Vec<u8>, LoadError> {
    let adapted;
    let bytes = if is_component {
        bytes
    } else {
        adapted = adapt::component(bytes)?;
        &adapted
    };
    engine
        .precompile_component(bytes)
        .map_err(|error| LoadError::Compile {
            message: format!("{error:#}"),
        })
}

/// Sets limits that hold until the end, whatever becomes of the parent.
fn bound() -> nix::Result<()> {
    let threads = available_parallelism().map_or(1, |threads| threads.get() as u64);
    for (resource, limit) in [
        (Resource::RLIMIT_CORE, 0),
        // It writes to pipes alone.
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_NOFILE, OPEN_FILES),
        (Resource::RLIMIT_DATA, MEMORY),
        // The parent counts the time that passes; this is for when there is none any more.
        (Resource::RLIMIT_CPU, TIME.as_secs().saturating_mul(threads)),
    ] {
        setrlimit(resource, limit, limit)?;
    }
    Ok(())
}

fn write(code: &[u8]) -> Result<(), LoadError> {
    let mut output = io::stdout().lock();
    let written = output.write_all(code).and_then(|()| output.flush());
    written.map_err(|error| broken("the result can't be handed over", &error))
}

fn broken(what: &str, error: &dyn std::fmt::Display) -> LoadError {
    LoadError::Internal {
        message: format!("{what}: {error}"),
    }
}
